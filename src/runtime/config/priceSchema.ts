import * as z from 'zod';
import { nonEmptyText } from './fieldSchemas.ts';

const perMillion = z.number().min(0).max(100_000);
const cachePrice = perMillion.nullable().default(null);

/** The price of one model, in dollars per million tokens. */
export const priceMap = z.strictObject({
  input: perMillion.describe('Dollars per million tokens sent to the model.'),
  cachedInput: cachePrice.describe('Of these, read from a cache. Default: as input.'),
  cacheWrite: cachePrice.describe('Of these, written to a cache. Default: as input.'),
  output: perMillion.describe('Dollars per million tokens that the model answers.'),
});

/** The map `prices` of the file. */
export const prices = z
  .record(nonEmptyText.max(200, 'the name of a model has at most 200 characters'), priceMap)
  .default({})
  .describe('What tokens of models cost where no cost is reported, by model, instead of the list price.');

import assert from 'node:assert/strict';
import { dueReply, withReplies, type Said } from './replyScript.ts';

const prompt = (text: string): Said => ({ kind: 'prompt', text });
const toolResult: Said = { kind: 'toolResult' };
const two = withReplies('Please.', [{ text: 'one' }, { text: 'two' }]);

const spoiling = withReplies('Please.', [{ text: 'one', poison: { text: 'spoilt' } }]);

const conversations: readonly (readonly [string, readonly Said[], string])[] = [
  ['nothing was asked for', [prompt('Hello')], 'Done.'],
  ['the turn begins', [prompt(two)], 'one'],
  ['a tool has returned', [prompt(two), toolResult], 'two'],
  ['the replies are used up', [prompt(two), toolResult, toolResult], 'Done.'],
  ['a reminder came between', [prompt(two), prompt('By the way'), toolResult], 'two'],
  ['another prompt brings replies of its own', [prompt(two), toolResult, prompt(two)], 'one'],
  ['an earlier turn has spoilt the conversation', [prompt(spoiling), prompt(two)], 'spoilt'],
  ['the turn that spoils it goes on', [prompt(spoiling), toolResult], 'Done.'],
  ['what a prompt is embedded in', [prompt(`# Why\n\n${two}\nafter it`)], 'one'],
];

describe('The reply that a fake model gives', () => {
  for (const [when, conversation, expected] of conversations) {
    it(`is right when ${when}`, () => assert.equal(dueReply(conversation).text, expected));
  }
});

import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';
import { describeChecks } from './checkRules.ts';
import type { Actor, ConformanceSubject } from './conformanceSubject.ts';
import { describePlans } from './planRules.ts';
import { describeReading } from './readingRules.ts';
import { describeRuns } from './runRules.ts';
import { describeSessions } from './sessionRules.ts';

/** All that an adapter has to hold to (docs/adapters.md), as tests with the name of the subject. */
export function describeConformance(subject: ConformanceSubject): void {
  describe(`the adapter ${subject.name}`, function () {
    this.timeout(60_000);
    const folder = makeTemporaryFolder();
    let actor: Actor;
    before(async () => {
      actor = await subject.open(folder.path);
    });
    after(async () => {
      await actor[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });
    const define = (): AgentDefinition => actor.define('works');

    describe('when it plans', () => {
      describePlans(subject, define);
    });
    describe('when it reads', () => {
      if (subject.outputs.length > 0) describeReading(subject, define);
      else describeNoReading(subject, define);
    });
    describe('with conversations', () => {
      describeSessions(subject, define);
    });
    describe('when it checks', () => {
      describeChecks(subject, define);
    });
    describe('in a run', () => {
      describeRuns(subject);
    });
  });
}

/** The part of it that differs between the forms in which servers or programs of one adapter tell of a run. */
export function describeForm(subject: ConformanceSubject): void {
  describe(`the adapter ${subject.name}, in a run`, function () {
    this.timeout(60_000);
    describeRuns(subject);
  });
}

function describeNoReading({ adapter }: ConformanceSubject, define: () => AgentDefinition): void {
  it('reads nothing, and promises nothing that would have to be read', () => {
    assert.equal(adapter.read(define()), null);
    const { resume, usage, success } = adapter.capabilities(define());
    assert.deepEqual([resume, usage, success], [false, 'none', 'exit']);
  });
}

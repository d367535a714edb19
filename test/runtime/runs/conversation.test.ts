import assert from 'node:assert/strict';
import { JsonLinesReader } from '../../../src/runtime/adapters/jsonLines.ts';
import { Conversation, type ConversationRecords, type Listener } from '../../../src/runtime/runs/conversation.ts';
import { PausableTimer } from '../../../src/runtime/runs/pausableTimer.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { TestLogger } from '../../support/testLogger.ts';

/** A conversation with a program whose side the test plays, on a clock that it moves. */
class Fixture {
  readonly clock = new ManualClock();
  readonly logger = new TestLogger();
  /** What became known, in order. */
  readonly events: string[] = [];
  isAttended = true;
  isEnding = false;
  isWritable = true;
  timedOut = false;
  readonly conversation: Conversation;
  #asked = 0;

  constructor({ waitMs = 10_000, stallMs = 0, timeoutMs = 60_000, maxAsked = 99 } = {}) {
    const timeout = new PausableTimer(this.clock, () => (this.timedOut = true), timeoutMs);
    const note = (text: string) => this.events.push(text);
    const records: ConversationRecords = {
      noteProgress: (_runId, text) => note(`progress ${text}`),
      noteStall: (_runId, isStalled) => note(isStalled ? 'stalled' : 'resumed'),
      ask: (_runId, { id }, isWaiting) => {
        this.#asked += 1;
        if (this.#asked > maxAsked) return null;
        note(`asked ${id}${isWaiting ? ' and waits' : ''}`);
        return `our-${id}`;
      },
      stopWaiting: () => note('waits no longer'),
      noteUndelivered: (id) => note(`undelivered ${id}`),
    };
    this.conversation = new Conversation({
      runId: 'r',
      reader: new JsonLinesReader(),
      waitMs,
      stallMs,
      isAttended: () => this.isAttended,
      records,
      clock: this.clock,
      logger: this.logger,
    });
    const isEnding = (): boolean => this.isEnding;
    const listener: Listener = {
      get isEnding() {
        return isEnding();
      },
      write: (line) => {
        if (this.isWritable) note(`> ${line.trim()}`);
        return this.isWritable;
      },
      closeInput: () => {
        if (this.isWritable) note('> end');
        this.isWritable = false;
      },
      holdTimeout: (isHeld) => {
        if (isHeld) timeout.pause();
        else timeout.resume();
      },
      note: (text) => note(`note: ${text}`),
      giveUp: () => note('given up'),
    };
    this.conversation.begin(listener);
  }

  say(line: object): void {
    this.conversation.hear(Buffer.from(`${JSON.stringify(line)}\n`), 'out');
  }

  ask(id: string): void {
    this.say({ reveille: 'ask', id, question: 'Which?' });
  }

  async answer(id: string, recorded: Promise<void> = Promise.resolve()): Promise<boolean> {
    const isTaken = this.conversation.reply(`our-${id}`, { kind: 'answer', answer: 'this' }, recorded);
    await recorded;
    await Promise.resolve();
    return isTaken;
  }
}

const answered = (id: string): string => `> {"reveille":"answer","id":"${id}","answer":"this"}`;
const later = (id: string): string => `> {"reveille":"later","id":"${id}"}`;

describe('A conversation', () => {
  it('stops the clock of the time limit while it waits, and keeps what was left', async () => {
    const fixture = new Fixture({ waitMs: 1_000_000 });
    fixture.clock.tick(50_000);
    fixture.ask('q');
    fixture.clock.tick(500_000);
    assert.equal(fixture.timedOut, false);
    assert.equal(await fixture.answer('q'), true);
    fixture.clock.tick(9_999);
    assert.equal(fixture.timedOut, false);
    fixture.clock.tick(1);
    assert.equal(fixture.timedOut, true);
    assert.deepEqual(fixture.events, ['asked q and waits', answered('q')]);
  });

  it('tells no answer before it is on the disk', async () => {
    const fixture = new Fixture();
    const disk = Promise.withResolvers<undefined>();
    fixture.ask('q');
    const answering = fixture.answer('q', disk.promise);
    await Promise.resolve();
    assert.equal(fixture.events.includes(answered('q')), false);
    disk.resolve(undefined);
    await answering;
    assert.equal(fixture.events.at(-1), answered('q'));
    assert.equal(await fixture.answer('q'), false, 'answered once');
  });

  it('waits for all its questions, and says later to all that are left when the time of the first is over', async () => {
    const fixture = new Fixture({ waitMs: 10_000 });
    fixture.ask('one');
    fixture.clock.tick(9_000);
    fixture.ask('two');
    fixture.ask('three');
    await fixture.answer('one');
    assert.equal(fixture.events.includes('waits no longer'), false);
    fixture.clock.tick(1_000);
    assert.deepEqual(fixture.events.slice(-4), [later('two'), later('three'), '> end', 'waits no longer']);
    assert.equal(await fixture.answer('two'), false);
    fixture.clock.tick(60_000);
    assert.equal(fixture.timedOut, true, 'its clock goes on');
    fixture.conversation.dispose();
    assert.equal(fixture.clock.pendingTimers, 0);
  });

  it('still tells an answer that is on its way to the disk when the time is over', async () => {
    const fixture = new Fixture({ waitMs: 10_000 });
    const disk = Promise.withResolvers<undefined>();
    fixture.ask('one');
    fixture.ask('two');
    const answering = fixture.answer('one', disk.promise);
    fixture.clock.tick(10_000);
    disk.resolve(undefined);
    await answering;
    assert.deepEqual(fixture.events.slice(-4), [later('two'), 'waits no longer', answered('one'), '> end']);
  });

  it('waits for nobody: without a window, without waitSec, and once it is ending', () => {
    const unattended = new Fixture();
    unattended.isAttended = false;
    unattended.ask('q');
    assert.deepEqual(unattended.events, ['asked q', later('q'), '> end']);

    const impatient = new Fixture({ waitMs: 0 });
    impatient.ask('q');
    impatient.ask('p');
    assert.deepEqual(impatient.events, ['asked q', later('q'), '> end', 'asked p']);

    const ending = new Fixture();
    ending.isEnding = true;
    ending.ask('q');
    assert.equal(ending.events[0], 'asked q');
  });

  it('says when an answer could not be told', async () => {
    const fixture = new Fixture();
    fixture.ask('q');
    fixture.isWritable = false;
    await fixture.answer('q');
    assert.equal(fixture.events.at(-1), 'undelivered our-q');
  });

  it('listens to sixteen questions, to none twice, and says so in the log a few times', () => {
    const fixture = new Fixture();
    for (let number = 0; number < 500; number += 1) fixture.ask(`q${String(number)}`);
    for (let number = 0; number < 500; number += 1) fixture.ask('q1');
    const count = (start: string): number => fixture.events.filter((event) => event.startsWith(start)).length;
    assert.deepEqual([count('asked'), count('note:')], [16, 8]);

    const full = new Fixture({ maxAsked: 0 });
    full.ask('q');
    assert.deepEqual(full.events, ['note: ignores a question: its agent has too many open ones', later('q'), '> end']);
  });

  it('ends the input of a program that has said how it came out, and puts its open questions off', () => {
    const fixture = new Fixture();
    fixture.ask('q');
    fixture.say({ reveille: 'result', status: 'succeeded' });
    assert.deepEqual(fixture.events, ['asked q and waits', later('q'), '> end', 'waits no longer']);
  });

  it('survives records that fail', () => {
    const fixture = new Fixture();
    const failing = new Conversation({
      runId: 'r',
      reader: new JsonLinesReader(),
      waitMs: 1000,
      stallMs: 0,
      isAttended: () => true,
      records: {
        noteProgress: () => undefined,
        noteStall: () => undefined,
        ask: () => assert.fail('disk full'),
        stopWaiting: () => undefined,
        noteUndelivered: () => undefined,
      },
      clock: fixture.clock,
      logger: fixture.logger,
    });
    failing.hear(Buffer.from('{"reveille":"ask","id":"q","question":"Which?"}\n'), 'out');
    assert.match(JSON.stringify(fixture.logger.lines), /could not be recorded/);
  });
});

describe('A stall', () => {
  it('is said once after silence, taken back by output, and does not count waiting', async () => {
    const fixture = new Fixture({ stallMs: 5000, waitMs: 100_000 });
    fixture.clock.tick(4999);
    fixture.conversation.hear(Buffer.from('.'), 'err');
    fixture.clock.tick(4999);
    assert.deepEqual(fixture.events, []);
    fixture.clock.tick(1);
    fixture.clock.tick(60_000);
    assert.deepEqual(fixture.events, ['stalled']);
    fixture.conversation.hear(Buffer.from('.\n'), 'out');
    assert.deepEqual(fixture.events, ['stalled', 'resumed']);
    fixture.ask('q');
    fixture.clock.tick(50_000);
    assert.equal(fixture.events.filter((event) => event === 'stalled').length, 1);
    await fixture.answer('q');
    fixture.clock.tick(4999);
    assert.equal(fixture.events.filter((event) => event === 'stalled').length, 1);
    fixture.clock.tick(1);
    assert.equal(fixture.events.filter((event) => event === 'stalled').length, 2);
  });

  it('costs one timer, however much is put out', () => {
    const fixture = new Fixture({ stallMs: 5000 });
    for (let chunk = 0; chunk < 10_000; chunk += 1) fixture.conversation.hear(Buffer.from('.'), 'out');
    assert.equal(fixture.clock.pendingTimers, 2, 'the one of the time limit and its own');
    fixture.conversation.dispose();
    assert.equal(fixture.clock.pendingTimers, 1);
  });
});

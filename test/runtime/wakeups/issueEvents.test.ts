import assert from 'node:assert/strict';
import type { IssueStatus } from '../../../src/runtime/model.ts';
import {
  effectOf,
  findCircle,
  maxWakes,
  mentionsIn,
  wakesOf,
  type IssueEvent,
  type IssueFacts,
  type StatusEffect,
} from '../../../src/runtime/wakeups/issueEvents.ts';

const agents = new Set(['ann', 'bob', 'c-3', 'd', 'e', 'f', 'g']);
const isAgent = (key: string): boolean => agents.has(key);
const issue: IssueFacts = { id: 'I', number: 3, title: 'Mend it', assignee: 'ann', status: 'todo' };

/** Each wake as `agent source: reason`. */
function wakes(event: IssueEvent, actor: string | null = null): string[] {
  return wakesOf([event], { actor, isAgent }).wakes.map(({ agent, source, reason }) => `${agent} ${source}: ${reason}`);
}

describe('what happens to an issue wakes', () => {
  const rows: [string, IssueEvent, string[]][] = [
    [
      'its assignee when it was assigned',
      { kind: 'assigned', issue, thread: null },
      ['ann assignment: Assigned issue #3: Mend it'],
    ],
    ['nobody when it belongs to nobody', { kind: 'assigned', issue: { ...issue, assignee: null }, thread: null }, []],
    [
      'its assignee when a person wrote a comment',
      { kind: 'commented', issue, text: 'well', author: 'user:cli' },
      ['ann automation: Comment by a person on issue #3: Mend it'],
    ],
    [
      'its assignee when another agent wrote one',
      { kind: 'commented', issue, text: 'well', author: 'agent:bob' },
      ['ann automation: Comment by bob on issue #3: Mend it'],
    ],
    [
      'whom a comment names, and its assignee once',
      { kind: 'commented', issue, text: '@bob and @ann, @c-3. @nobody', author: 'user:window' },
      [
        'ann automation: Comment by a person on issue #3: Mend it',
        'bob automation: Mentioned by a person on issue #3: Mend it',
        'c-3 automation: Mentioned by a person on issue #3: Mend it',
      ],
    ],
    [
      'whom a comment names on an issue of nobody',
      { kind: 'commented', issue: { ...issue, assignee: null }, text: '@bob', author: 'user:window' },
      ['bob automation: Mentioned by a person on issue #3: Mend it'],
    ],
    [
      'its assignee about a comment in review and one that is blocked',
      { kind: 'commented', issue: { ...issue, status: 'in_review' }, text: 'x', author: 'user:window' },
      ['ann automation: Comment by a person on issue #3: Mend it'],
    ],
    [
      'nobody about a closed issue',
      { kind: 'commented', issue: { ...issue, status: 'done' }, text: '@bob', author: 'user:window' },
      [],
    ],
    [
      'its assignee when nothing blocks it any more',
      { kind: 'unblocked', issue, closed: [{ id: 'B', number: 2, title: 'b' }] },
      ['ann automation: Not blocked any more (#2 closed): issue #3: Mend it'],
    ],
    [
      'its assignee when it is opened again',
      { kind: 'reopened', issue },
      ['ann automation: Opened again: issue #3: Mend it'],
    ],
    [
      'its assignee when all its parts are closed',
      { kind: 'childrenClosed', issue, children: [{ id: 'C', number: 4, title: 'c', status: 'done' }] },
      ['ann automation: No part is open any more (#4): issue #3: Mend it'],
    ],
  ];
  for (const [name, event, expected] of rows) {
    it(name, () => {
      assert.deepEqual(wakes(event), expected);
    });
  }

  it('never the agent that did it, in whatever role', () => {
    assert.deepEqual(wakes({ kind: 'assigned', issue, thread: null }, 'ann'), []);
    assert.deepEqual(wakes({ kind: 'reopened', issue }, 'ann'), []);
    assert.deepEqual(wakes({ kind: 'commented', issue, text: '@ann @bob', author: 'agent:ann' }, 'ann'), [
      'bob automation: Mentioned by ann on issue #3: Mend it',
    ]);
    assert.deepEqual(wakes({ kind: 'commented', issue, text: '@bob', author: 'agent:bob' }, 'bob'), [
      'ann automation: Comment by bob on issue #3: Mend it',
    ]);
  });

  it('with the text: a comment in full, the parts by name', () => {
    const text = (event: IssueEvent) => wakesOf([event], { actor: null, isAgent }).wakes[0]?.text;
    assert.equal(text({ kind: 'commented', issue, text: 'a\nb', author: 'user:cli' }), 'a\nb');
    const children = [
      { id: 'C', number: 4, title: 'c', status: 'done' as const },
      { id: 'D', number: 5, title: 'd', status: 'cancelled' as const },
    ];
    assert.match(text({ kind: 'childrenClosed', issue, children }) ?? '', /- #4 c: done\n- #5 d: cancelled$/);
  });

  it('twenty agents by one act at most, and says how many more it would have been', () => {
    const events = Array.from({ length: maxWakes + 3 }, (_none, index): IssueEvent => {
      return { kind: 'unblocked', issue: { ...issue, id: String(index) }, closed: [] };
    });
    const made = wakesOf(events, { actor: null, isAgent });
    assert.deepEqual([made.wakes.length, made.beyond], [maxWakes, 3]);
  });

  it('with a reason of 500 characters at most', () => {
    const title = 'x'.repeat(600);
    assert.equal(
      wakesOf([{ kind: 'reopened', issue: { ...issue, title } }], { actor: null, isAgent }).wakes[0]?.reason.length,
      500,
    );
  });
});

describe('the agents that a text names', () => {
  for (const [text, expected] of [
    ['@ann', ['ann']],
    ['hello @ann, @bob: see', ['ann', 'bob']],
    ['(@c-3)', ['c-3']],
    ['@bob- and @ann_', ['bob', 'ann']],
    ['@ann @ann', ['ann']],
    ['mail me at joe@ann or @@ann or a/@bob', []],
    ['@annabel @nobody @', []],
    ['@ann @bob @c-3 @d @e @f @g', ['ann', 'bob', 'c-3', 'd', 'e']],
  ] as const) {
    it(`"${text}": ${expected.join(' ') || 'nobody'}`, () => {
      assert.deepEqual(mentionsIn(text, isAgent), expected);
    });
  }
});

describe('another status of an issue', () => {
  const rows: [IssueStatus, IssueStatus, StatusEffect][] = [
    ['todo', 'done', 'closed'],
    ['blocked', 'cancelled', 'closed'],
    ['done', 'cancelled', 'none'],
    ['done', 'todo', 'reopened'],
    ['cancelled', 'in_progress', 'reopened'],
    ['done', 'in_review', 'none'],
    ['done', 'blocked', 'none'],
    ['blocked', 'todo', 'unblocked'],
    ['blocked', 'in_progress', 'unblocked'],
    ['blocked', 'in_review', 'none'],
    ['todo', 'in_progress', 'none'],
    ['todo', 'blocked', 'none'],
  ];
  for (const [from, to, expected] of rows) {
    it(`from ${from} to ${to} is ${expected}`, () => {
      assert.equal(effectOf(from, to), expected);
    });
  }
});

describe('a circle of issues that wait for each other', () => {
  const edges: Record<string, string[]> = { b: ['c'], c: ['d'], part: ['whole'], whole: ['x'], x: ['y'] };
  const waitsFor = (id: string): string[] => edges[id] ?? [];

  it('is named from the first issue back to it', () => {
    assert.deepEqual(findCircle('d', 'b', waitsFor), ['d', 'b', 'c', 'd']);
    assert.deepEqual(findCircle('a', 'a', waitsFor), ['a', 'a']);
  });

  it('also goes through what an issue is a part of', () => {
    assert.deepEqual(findCircle('whole', 'part', waitsFor), ['whole', 'part', 'whole']);
    assert.deepEqual(findCircle('y', 'part', waitsFor), ['y', 'part', 'whole', 'x', 'y']);
  });

  it('is none where two ways lead to the same issue, and ends where there is a circle elsewhere', () => {
    assert.equal(findCircle('a', 'b', waitsFor), null);
    assert.equal(
      findCircle('a', 'm', (id) => (id === 'm' ? ['n'] : ['m'])),
      null,
    );
  });
});

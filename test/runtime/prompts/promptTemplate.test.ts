import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfiguration } from '../../../src/runtime/config/load.ts';
import { findTemplateMistakes, renderTemplate } from '../../../src/runtime/prompts/promptTemplate.ts';
import { toPromptValues } from '../../../src/runtime/prompts/promptVariables.ts';
import { sampleIssue } from '../../support/sampleState.ts';

const values = toPromptValues({
  definition: { key: 'a', role: 'r', goal: 'g', reportsTo: 'b' },
  run: { id: 'R', taskKey: 't', source: 'timer', reason: 'why', attempt: 2, sessionRun: 3 },
  issue: sampleIssue(7, {
    body: 'b',
    location: { path: 'p', startLine: 0, startCharacter: 0, endLine: 0, endCharacter: 1, text: 'x' },
  }),
  workspaceFolder: '/srv',
  isFresh: true,
  handover: 'h',
  wakeups: [{ source: 'timer', reason: 'why', text: 'hello' }],
});
const allNames = Object.entries(values).flatMap(([group, parts]) =>
  Object.keys(parts as object).map((part) => `${group}.${part}`),
);

describe('a prompt template', () => {
  it('knows every variable, and each has a value', () => {
    for (const name of allNames) {
      assert.deepEqual(findTemplateMistakes(`{{ ${name} }}`), [], name);
      assert.notEqual(renderTemplate(`{{ ${name} }}`, values), '', name);
    }
  });

  it('has all its variables explained', () => {
    const explained = readFileSync(join(import.meta.dirname, '../../../docs/prompts.md'), 'utf8');
    for (const name of allNames) assert.ok(explained.includes(`\`${name}\``), name);
  });

  const good = [
    '{% for m in wake.messages %}{{ m | upcase }} {{ forloop.last }}{% endfor %}',
    '{% assign who = agent.key %}{{ who }} {{ wake.messages[0] }} {{ wake.messages.size }} {{ issue["title"] }}',
    '{% raw %}{{ anything }}{% endraw %}{% comment %}{{ x }}{% endcomment %}',
    '{% if issue and issue.title.size > 3 %}long{% endif %}',
  ];
  for (const text of good) {
    it(`takes ${text}`, () => {
      assert.deepEqual(findTemplateMistakes(text), []);
    });
  }

  const bad: [text: string, line: number, column: number, message: RegExp][] = [
    ['{{ agent.nme }}', 1, 4, /unknown variable "agent\.nme"; known are agent\.id, /],
    ['one\n  {% if isue %}x{% endif %}', 2, 9, /unknown variable "isue"; known are agent, run, issue/],
    ['{{ wake.messages[0].author }}', 1, 4, /unknown variable "wake\.messages\.0\.author"/],
    ['{{ agent.constructor }}', 1, 4, /unknown variable/],
    ['{{ forlop.index }}', 1, 4, /unknown variable "forlop\.index"/],
    ['{{ agent.key | shout }}', 1, 1, /undefined filter: shout/],
    ['a\n{% if issue %}', 2, 1, /not closed/],
    ['{{ agent.key', 1, 1, /not closed/],
    ['{% include "/etc/passwd" %}', 1, 1, /tag "include" not found/],
    ['{% render "x" %}', 1, 1, /tag "render" not found/],
    ['{% layout "x" %}', 1, 1, /tag "layout" not found/],
  ];
  for (const [text, line, column, message] of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const [mistake] = findTemplateMistakes(text);
      assert.deepEqual([mistake?.line, mistake?.column], [line, column]);
      assert.match(mistake?.message ?? '', message);
      assert.doesNotMatch(mistake?.message ?? '', /line:\d/);
    });
  }

  it('does not go on for ever', () => {
    const endless = '{% for i in (1..10000000) %}{% for j in (1..10000000) %}x{% endfor %}{% endfor %}';
    assert.throws(() => renderTemplate(endless, values), /limit/);
  });

  it('does not make a text that nobody could read', () => {
    const doubling =
      '{% assign a = "xxxxx" %}{% for i in (1..21) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}{{ a }}';
    assert.throws(() => renderTemplate(doubling, values), /10485760 characters; 5000000 are the most/);
  });

  const places: [yaml: string, place: string][] = [
    ['    promptTemplate: |\n      Hello\n      you {{ agnt.key }}\n', '5:14'],
    ['    promptTemplate: |-\n\n      Hello {{ agnt.key }}\n', '5:16'],
    ['    promptTemplate: Hello {{ agnt.key }}\n', '3:30'],
    ['    promptTemplate: "Hello {{ agnt.key }}"\n', '3:31'],
    ['    promptTemplate: "Hel\\u006co {{ agnt.key }}"\n', '3:21'],
    ['    promptTemplate: >\n      Hello\n      {{ agnt.key }}\n', '3:21'],
    ['    bootstrapPromptTemplate: |\n      {{ agnt.key }}\n', '4:10'],
  ];
  for (const [yaml, place] of places) {
    it(`says where in the file a mistake stands: ${JSON.stringify(yaml)}`, () => {
      const text = `agents:\n  a:\n${yaml}    adapter: claude_local\n`;
      const loaded = parseConfiguration(Buffer.from(text), '/srv');
      assert.equal(loaded.status, 'invalid');
      const [problem] = loaded.problems;
      assert.equal(`${String(problem?.line)}:${String(problem?.column)}`, place, problem?.message);
      assert.match(problem?.message ?? '', /^agents\.a\.(bootstrapP|p)romptTemplate: unknown variable "agnt\.key"/);
    });
  }
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const readText = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface MenuItem {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly categories: string[];
  readonly extensionKind: string[];
  readonly activationEvents: string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { supported: string; description: string; restrictedConfigurations: string[] };
    readonly virtualWorkspaces: { supported: boolean; description: string };
  };
  readonly icon: string;
  readonly l10n: string;
  readonly contributes: {
    readonly commands: { command: string; title: string; category: string; icon?: string }[];
    readonly views: Record<string, { id: string; name: string; icon: string }[]>;
    readonly viewsContainers: { activitybar: { id: string; icon: string }[] };
    readonly viewsWelcome: { view: string; contents: string; when: string }[];
    readonly menus: Record<string, MenuItem[]>;
    readonly configuration: { properties: Record<string, Record<string, unknown>> };
    readonly walkthroughs: { steps: { id: string; media: { svg: string }; completionEvents: string[] }[] }[];
  };
}

const manifestText = readText('package.json');
const manifest = JSON.parse(manifestText) as Manifest;
const strings = JSON.parse(readText('package.nls.json')) as Record<string, string>;
const { contributes } = manifest;
const declared = contributes.commands.map(({ command }) => command);
const handled = [...readText('src/commands.ts').matchAll(/^ {2}'(reveille\.[\w.]+)':/gm)].map(
  (match) => match[1] ?? '',
);
const viewIds = Object.values(contributes.views)
  .flat()
  .map(({ id }) => id);
const contextKeys = new Set(
  [...readText('src/views/contextKeys.ts').matchAll(/set\(\s*'(reveille\.\w+)'/g)].map((match) => match[1]),
);

describe('the manifest', () => {
  it('declares exactly the commands that are handled', () => {
    assert.ok(handled.length > 20);
    assert.deepEqual([...handled].sort(), [...declared].sort());
  });

  it('names commands reveille.<noun>.<verb> in one category, with an icon', () => {
    for (const command of contributes.commands) {
      assert.match(command.command, /^reveille\.[a-z]\w*\.[a-z]\w*$/);
      assert.equal(command.category, 'Reveille');
      assert.match(command.icon ?? '', /^\$\([\w-]+\)$/);
    }
  });

  it('keeps commands that need a row or a document out of the palette', () => {
    const gates = new Map((contributes.menus['commandPalette'] ?? []).map(({ command, when }) => [command, when]));
    for (const command of ['run.copyId', 'run.openLogFile', 'run.loadMore', 'configuration.acceptShown', 'menu.show']) {
      assert.equal(gates.get(`reveille.${command}`), 'false', command);
    }
  });

  it('offers nothing that starts an agent or accepts a definition to an untrusted window', () => {
    const items = Object.values(contributes.menus).flat();
    const offered = items.filter(({ when }) => when !== 'false');
    for (const item of offered.filter(({ command }) =>
      /agent\.wake|configuration\.(review|acceptShown)/.test(command),
    )) {
      assert.match(item.when ?? '', /\bisWorkspaceTrusted\b/, JSON.stringify(item));
    }
  });

  it('refers only to commands, views and context keys that exist', () => {
    const known = new Set([...declared, ...viewIds]);
    const whens = [...Object.values(contributes.menus).flat(), ...contributes.viewsWelcome].map(
      ({ when }) => when ?? '',
    );
    for (const item of Object.values(contributes.menus).flat()) assert.ok(known.has(item.command), item.command);
    for (const when of whens) {
      for (const [name] of when.matchAll(/\breveille\.[\w.]+/g)) {
        assert.ok(known.has(name) || contextKeys.has(name), `${name} in ${when}`);
      }
    }
    const links = Object.values(strings).flatMap((text) => [...text.matchAll(/\(command:(reveille[\w.]+)\)/g)]);
    for (const [, command] of links) assert.ok(known.has(command ?? ''), command);
  });

  it('says when each item of a menu applies', () => {
    for (const item of Object.values(contributes.menus).flat()) assert.ok((item.when ?? '') !== '', item.command);
  });

  it('gives every view an icon and something to say while it is empty', () => {
    for (const view of Object.values(contributes.views).flat()) {
      assert.match(view.icon, /^\$\([\w-]+\)$|\.svg$/);
      assert.ok(
        contributes.viewsWelcome.some((welcome) => welcome.view === view.id),
        view.id,
      );
    }
    for (const situation of ['unused', 'missing', 'connecting', 'failed', 'invalid', 'ready']) {
      assert.ok(
        contributes.viewsWelcome.some(({ when }) => when.includes(`'${situation}'`)),
        situation,
      );
    }
  });

  it('describes every setting and restricts each in an untrusted window', () => {
    const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    const settings = Object.entries(contributes.configuration.properties);
    assert.deepEqual(settings.map(([name]) => name).sort(), [...restricted].sort());
    for (const [name, setting] of settings) {
      assert.ok('default' in setting, name);
      assert.ok('markdownDescription' in setting, name);
      assert.ok(readText('src/settings.ts').includes(`'${name.replace('reveille.', '')}'`), name);
    }
  });

  it('has a text for every placeholder, and no text without one', () => {
    const used = new Set([...manifestText.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1] ?? ''));
    assert.deepEqual([...used].sort(), Object.keys(strings).sort());
  });

  it('shows every text of ours through a placeholder', () => {
    const texts = [
      ...contributes.commands.map(({ title }) => title),
      ...Object.values(contributes.views)
        .flat()
        .map(({ name }) => name),
      ...contributes.viewsWelcome.map(({ contents }) => contents),
    ];
    for (const text of texts) assert.match(text, /^%[\w.]+%$/);
  });

  it('declares where it runs and what it does in restricted and virtual workspaces', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
    assert.ok(!manifest.activationEvents.some((event) => event === '*' || event === 'onStartupFinished'));
    assert.ok(manifest.activationEvents.includes('workspaceContains:.reveille/reveille.yaml'));
  });

  it('has all its pictures', () => {
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    const icons = contributes.viewsContainers.activitybar.map(({ icon }) => icon);
    for (const file of [manifest.icon, ...icons, ...steps.map(({ media }) => media.svg)]) {
      assert.ok(existsSync(path.join(root, file)), file);
    }
    const icon = readFileSync(path.join(root, manifest.icon));
    assert.deepEqual([icon.readUInt32BE(16), icon.readUInt32BE(20)], [256, 256]);
  });

  it('completes each step of the walkthrough by something that happens', () => {
    for (const { id, completionEvents } of contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps)) {
      assert.ok(completionEvents.length > 0, id);
      for (const event of completionEvents) {
        const [, kind, name] = /^(onCommand|onContext):(.+)$/.exec(event) ?? [];
        assert.ok(kind === 'onCommand' ? declared.includes(name ?? '') : contextKeys.has(name ?? ''), event);
      }
    }
  });
});

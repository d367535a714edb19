import assert from 'node:assert/strict';
import { AuditSecrets } from '../../src/views/auditSecrets.ts';
import { TestLogger } from '../support/testLogger.ts';

/** A keychain and a memory that outlive a window, and the windows that use them. */
class Editor {
  readonly secrets = new Map<string, string>();
  readonly memory = new Map<string, unknown>();
  readonly logger = new TestLogger();
  isBroken = false;
  whileSettling: () => Promise<void> = () => Promise.resolve();

  openWindow(): AuditSecrets {
    return new AuditSecrets({
      secrets: {
        get: async (name) => {
          if (this.isBroken) throw new Error('no keyring');
          return this.secrets.get(name);
        },
        store: async (name, value) => void this.secrets.set(name, value),
      },
      memory: {
        get: (name) => this.memory.get(name),
        update: async (name, value) => {
          if (value === undefined) this.memory.delete(name);
          else this.memory.set(name, value);
        },
      },
      log: this.logger,
      settle: () => this.whileSettling(),
    });
  }
}

describe('The key of a folder in the keychain', () => {
  it('is made once, is the same in every window, and another one for another folder', async () => {
    const editor = new Editor();

    const key = await editor.openWindow().keyOf('f');

    assert.match(key ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await editor.openWindow().keyOf('f'), key);
    assert.notEqual(await editor.openWindow().keyOf('g'), key);
    assert.deepEqual([...editor.secrets.keys()], ['reveille.auditKey.f', 'reveille.auditKey.g']);
    assert.equal(editor.memory.get('reveille.auditKeysMade.f'), undefined);
  });

  it('is asked for once by a window', async () => {
    const editor = new Editor();
    const window = editor.openWindow();
    const [one, two] = await Promise.all([window.keyOf('f'), window.keyOf('f')]);
    assert.equal(one, two);
    assert.equal(editor.memory.get('reveille.auditKeysMade.f'), 1);
  });

  it('is the one that stands when two windows have made one at the same moment', async () => {
    const editor = new Editor();
    let isSecond = false;
    editor.whileSettling = async () => {
      if (isSecond) return;
      isSecond = true;
      editor.secrets.set('reveille.auditKey.f', 'ab'.repeat(32));
    };

    assert.equal(await editor.openWindow().keyOf('f'), 'ab'.repeat(32));
  });

  it('is done without where the keychain forgets at each reload', async () => {
    const editor = new Editor();
    const keys: (string | null)[] = [];
    for (let reload = 0; reload < 6; reload += 1) {
      keys.push(await editor.openWindow().keyOf('f'));
      editor.secrets.clear();
    }

    assert.deepEqual(
      keys.map((key) => key !== null),
      [true, true, true, false, false, false],
    );
    assert.match(editor.logger.lines.join('\n'), /The keychain of this editor forgets/);
  });

  it('counts losses anew after it came back', async () => {
    const editor = new Editor();
    for (let round = 0; round < 8; round += 1) {
      const key = await editor.openWindow().keyOf('f');
      assert.notEqual(key, null, String(round));
      assert.equal(await editor.openWindow().keyOf('f'), key);
      editor.secrets.clear();
    }
  });

  it('is none, and nothing breaks, where there is no keychain or something else stands in it', async () => {
    const broken = new Editor();
    broken.isBroken = true;
    assert.equal(await broken.openWindow().keyOf('f'), null);

    const odd = new Editor();
    odd.secrets.set('reveille.auditKey.f', 'not a key');
    assert.match((await odd.openWindow().keyOf('f')) ?? '', /^[0-9a-f]{64}$/);
    assert.ok(![...broken.logger.lines, ...odd.logger.lines].some((line) => /[0-9a-f]{64}/.test(line)));
  });
});

import * as path from 'node:path';
import { realDisk, type Disk, type DiskFile } from '../../src/runtime/store/disk.ts';
import type { Phase } from './storeWriterPlan.ts';

const headerBytes = 96;

/** This machine's disk, on which the process kills itself at a chosen operation: before it, or in the middle of a write. */
export class KillingDisk implements Disk {
  readonly #kill: { readonly phase: Phase; readonly operation: number } | null;
  readonly #say: (line: string) => void;
  readonly #counts = new Map<Phase, number>();
  #isOpen = false;
  #isMigrating = false;
  #isSnapshotNamed = false;

  /** @param say prints a line before the process goes on */
  constructor(kill: { readonly phase: Phase; readonly operation: number } | null, say: (line: string) => void) {
    this.#kill = kill;
    this.#say = say;
  }

  /** To be called when the store is open. */
  didOpen(): void {
    this.#isOpen = true;
  }

  list(directory: string): string[] {
    this.#count(this.#isOpen ? 'checkpoint' : 'open');
    return realDisk.list(directory);
  }

  read(file: string): Buffer {
    this.#count('open');
    return realDisk.read(file);
  }

  create(file: string): DiskFile {
    const phase = this.#phaseOfName(file, 'rotate');
    this.#count(phase);
    return this.#watch(realDisk.create(file), file);
  }

  syncFile(file: string): void {
    this.#count('open');
    realDisk.syncFile(file);
  }

  link(from: string, to: string): void {
    this.#count('open');
    realDisk.link(from, to);
  }

  rename(from: string, to: string): void {
    this.#count(this.#phaseOfName(to, 'checkpoint'));
    realDisk.rename(from, to);
    this.#isSnapshotNamed = true;
  }

  remove(file: string): void {
    this.#count(this.#phaseOfName(file, 'checkpoint'));
    realDisk.remove(file);
  }

  makeDirectory(directory: string): void {
    this.#count(this.#phaseOfName(directory, 'open'));
    realDisk.makeDirectory(directory);
  }

  async syncDirectory(directory: string): Promise<void> {
    const isMigrating = this.#isMigrating || directory.includes('before-migration');
    const phaseWhenOpen = this.#isSnapshotNamed ? 'checkpoint' : 'rotate';
    this.#isSnapshotNamed = false;
    this.#count(this.#isOpen ? phaseWhenOpen : isMigrating ? 'migrate' : 'open');
    await realDisk.syncDirectory(directory);
  }

  #phaseOfName(file: string, whenOpen: Phase): Phase {
    if (file.includes('before-migration')) this.#isMigrating = true;
    if (path.basename(file).startsWith('snap-')) return this.#isOpen ? 'checkpoint' : 'open';
    return this.#isOpen ? whenOpen : this.#isMigrating ? 'migrate' : 'open';
  }

  #watch(file: DiskFile, place: string): DiskFile {
    const isJournal = path.basename(place).startsWith('wal-');
    let end = 0;
    const didFlush = (bytes: number): void => {
      if (isJournal) this.#say(`durable ${path.basename(place)} ${String(bytes)}`);
    };
    return {
      write: (bytes, at) => {
        if (at > 0 && !this.#isOpen) this.#isMigrating = true;
        const phase = this.#phaseOfName(place, at === 0 ? 'rotate' : 'commit');
        this.#count(phase, () => {
          file.write(bytes.subarray(0, Math.floor(bytes.length / 2)), at);
        });
        file.write(bytes, at);
        // What is only space begins with zeros.
        if (at === 0) end = headerBytes;
        else if (bytes.subarray(0, 4).some((byte) => byte !== 0)) end = at + bytes.length;
      },
      writeLater: async (bytes, at) => {
        this.#count(this.#phaseOfName(place, 'checkpoint'), () => {
          file.write(bytes.subarray(0, Math.floor(bytes.length / 2)), at);
        });
        await file.writeLater(bytes, at);
      },
      sync: async () => {
        const covered = end;
        const flushed = file.sync();
        this.#count(this.#phaseOfName(place, 'commit'));
        await flushed;
        didFlush(covered);
      },
      syncNow: () => {
        this.#count(this.#phaseOfName(place, 'rotate'));
        file.syncNow();
        didFlush(end);
      },
      readLater: (bytes, at) => {
        this.#count(this.#phaseOfName(place, 'checkpoint'));
        return file.readLater(bytes, at);
      },
      truncate: (length) => {
        this.#count(this.#phaseOfName(place, 'rotate'));
        file.truncate(length);
      },
      close: () => {
        file.close();
      },
    };
  }

  #count(phase: Phase, doPart: () => void = () => undefined): void {
    const count = (this.#counts.get(phase) ?? 0) + 1;
    this.#counts.set(phase, count);
    if (phase !== this.#kill?.phase || count !== this.#kill.operation) return;
    this.#say(`killing ${phase}`);
    doPart();
    process.kill(process.pid, 'SIGKILL');
  }
}

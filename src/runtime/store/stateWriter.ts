import type { Store, Writer } from './store.ts';

/** The entities that a transaction changed, by kind. */
export interface Touched {
  readonly runs: ReadonlySet<string>;
  readonly agents: ReadonlySet<string>;
  readonly issues: ReadonlySet<string>;
  readonly questions: ReadonlySet<string>;
}

/** A writer that also notes which entities clients have to be told about. */
export interface StateTransaction extends Writer {
  touchRun(id: string): void;
  touchAgent(key: string): void;
  touchIssue(id: string): void;
  touchQuestion(id: string): void;
}

/** Commits transactions and says, right after each, what became different; it is not durable yet. */
export class StateWriter {
  readonly #store: Store;
  readonly #onDidCommit: (touched: Touched) => void;
  readonly #followers: ((touched: Touched) => void)[] = [];

  constructor(store: Store, onDidCommit: (touched: Touched) => void) {
    this.#store = store;
    this.#onDidCommit = onDidCommit;
  }

  /** Tells somebody, for as long as this writer lives, what each transaction touched, before clients are told. */
  follow(listener: (touched: Touched) => void): void {
    this.#followers.push(listener);
  }

  commit<T>(work: (transaction: StateTransaction) => T): T {
    const runs = new Set<string>();
    const agents = new Set<string>();
    const issues = new Set<string>();
    const questions = new Set<string>();
    const result = this.#store.transact((writer) =>
      work({
        all: (sql, params) => writer.all(sql, params),
        get: (sql, params) => writer.get(sql, params),
        run: (sql, params) => {
          writer.run(sql, params);
        },
        touchRun: (id) => void runs.add(id),
        touchAgent: (key) => void agents.add(key),
        touchIssue: (id) => void issues.add(id),
        touchQuestion: (id) => void questions.add(id),
      }),
    );
    if (runs.size + agents.size + issues.size + questions.size === 0) return result;
    for (const listener of [...this.#followers, this.#onDidCommit]) listener({ runs, agents, issues, questions });
    return result;
  }
}

import type { RequestHandlers } from '../server.ts';
import { readDiagnostics, writeDiagnostics } from '../store/evidenceTable.ts';
import type { Store } from '../store/store.ts';
import { assertTrusted } from './agentRequests.ts';

/** Requests about errors and warnings in the editor. */
export function diagnosticsRequests({ store }: { readonly store: Store }): Pick<RequestHandlers, 'diagnostics.report'> {
  return {
    'diagnostics.report': async (report, client) => {
      assertTrusted(client);
      if (readDiagnostics(store)?.digest !== report.digest) {
        store.transact((writer) => {
          writeDiagnostics(writer, report);
        });
        await store.durable();
      }
      return {};
    },
  };
}

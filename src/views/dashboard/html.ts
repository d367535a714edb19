/** What the page's frame is made from. */
export interface DashboardPage {
  /** Fresh for each page, unguessable. */
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  /** BCP 47 tag of the display language. */
  readonly language: string;
  /** Translations by English text; empty in English. */
  readonly translations: Readonly<Record<string, string>>;
}

/** The policy of the page: our one script by its nonce, our style sheet, nothing inline, nothing remote. */
function contentSecurityPolicy({ nonce, cspSource }: Pick<DashboardPage, 'nonce' | 'cspSource'>): string {
  return [
    "default-src 'none'",
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The frame of the dashboard; the script fills it. */
export function dashboardHtml(page: DashboardPage): string {
  const attribute = escapeAttribute;
  return `<!DOCTYPE html>
<html lang="${attribute(page.language)}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="${attribute(contentSecurityPolicy(page))}">
    <meta property="csp-nonce" content="${attribute(page.nonce)}">
    <link rel="stylesheet" href="${attribute(page.styleUri)}">
    <title>Reveille</title>
  </head>
  <body data-translations="${attribute(JSON.stringify(page.translations))}">
    <main id="dashboard" aria-live="off"></main>
    <script nonce="${attribute(page.nonce)}" src="${attribute(page.scriptUri)}"></script>
  </body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}

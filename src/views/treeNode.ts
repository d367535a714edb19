/** What a command works on: the argument that a row, a button or a notification hands to it. */
export type Subject =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'agent'; readonly folder: string; readonly agent: string }
  | { readonly kind: 'run'; readonly folder: string; readonly runId: string }
  | {
      readonly kind: 'session';
      readonly folder: string;
      readonly agent: string;
      readonly taskKey: string;
      readonly adapter: string;
    }
  | { readonly kind: 'heartbeat'; readonly folder: string; readonly heartbeatId: string }
  | { readonly kind: 'issue'; readonly folder: string; readonly issueId: string }
  | { readonly kind: 'secret'; readonly folder: string; readonly secret: string }
  | { readonly kind: 'question'; readonly folder: string; readonly questionId: string; readonly choice?: string };

/** One row of a tree, without anything of the editor's API in it. */
export interface TreeNode {
  /** Stable over refreshes and unique within its view. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Markdown; everything that did not come from us is escaped. */
  readonly tooltip: string;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly icon: TreeIcon;
  /** Flags for `viewItem =~ /\bflag\b/`, separated by spaces. */
  readonly flags: string;
  readonly expanded: 'none' | 'collapsed' | 'expanded';
  readonly children: readonly TreeNode[];
  readonly subject: Subject | null;
  /** Command of a click on the row; it gets `subject`. */
  readonly command: string | null;
}

/** A codicon, and a theme colour where the state deserves one. The same state also stands in the text. */
export interface TreeIcon {
  readonly id: string;
  readonly color?: string;
}

/** A row whose optional parts are empty. */
export function treeNode(given: Pick<TreeNode, 'id' | 'label' | 'icon'> & Partial<TreeNode>): TreeNode {
  return {
    description: '',
    tooltip: '',
    spoken: [given.label, given.description].filter(Boolean).join(', '),
    flags: '',
    expanded: (given.children?.length ?? 0) > 0 ? 'expanded' : 'none',
    children: [],
    subject: null,
    command: null,
    ...given,
  };
}

/** Escapes text for Markdown, so that a name from a file shows as itself: no links, images, icons or HTML. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+\-.!|~$<>&:@"']/g, (character) => `&#${String(character.charCodeAt(0))};`)
    .replace(/\s*\r?\n\s*/g, ' ');
}

/** A table of facts for a tooltip; values are escaped, empty ones left out. */
export function factList(title: string, facts: readonly (readonly [name: string, value: string | null])[]): string {
  const lines = facts
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${escapeMarkdown(name)}: ${escapeMarkdown(shorten(value ?? '', 300))}`);
  return [`**${escapeMarkdown(title)}**`, ...lines].join('  \n');
}

/** Cuts a text to at most `length` characters, with an ellipsis. */
export function shorten(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}

/**
 * The rows that must be drawn again when `before` became `after`: `'all'` when the top level changed,
 * otherwise the smallest set of rows of `after` whose own look or list of children changed. Rows that get or lose
 * their arrow change their level, because the editor lines up the icons of a level with its arrows.
 */
export function changedNodes(before: readonly TreeNode[], after: readonly TreeNode[]): 'all' | TreeNode[] {
  if (!sameLevel(before, after)) return 'all';
  const changed: TreeNode[] = [];
  after.forEach((node, index) => {
    const old = before[index];
    if (old === undefined) return;
    if (!sameLook(old, node)) {
      changed.push(node);
      return;
    }
    const below = changedNodes(old.children, node.children);
    if (below === 'all') changed.push(node);
    else changed.push(...below);
  });
  return changed;
}

function sameLevel(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  const place = ({ id, expanded }: TreeNode): string => `${expanded === 'none' ? '-' : '>'}${id}`;
  return before.length === after.length && before.map(place).join('\0') === after.map(place).join('\0');
}

function sameLook(before: TreeNode, after: TreeNode): boolean {
  return JSON.stringify({ ...before, children: [] }) === JSON.stringify({ ...after, children: [] });
}

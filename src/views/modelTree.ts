import * as vscode from 'vscode';
import type { Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import { changedNodes, type TreeNode } from './treeNode.ts';

const minuteMs = 60_000;

/** Names a tree view and says how its rows are made. */
export interface ModelTreeOptions {
  readonly viewId: string;
  /** Makes all rows anew; cheap and without effects. */
  readonly rows: () => readonly TreeNode[];
  /** A sentence above the rows, or null. */
  readonly message?: () => string | null;
  /** What waits for the user, counted on the icon of the view container. */
  readonly badge?: () => vscode.ViewBadge | undefined;
  /** Fires when `rows` and the others may answer differently. */
  readonly onDidChange: Event<unknown>;
}

/** One row as the editor knows it: the same object for as long as a row with this id exists. */
export interface Row {
  readonly id: string;
  node: TreeNode;
}

/**
 * A tree view over rows that a pure function makes. A change redraws only the rows that look different;
 * relative times are brought up to date once a minute while the view is visible.
 */
export class ModelTree implements vscode.TreeDataProvider<Row>, Disposable {
  readonly #options: ModelTreeOptions;
  readonly #changeEmitter = new vscode.EventEmitter<Row | undefined>();
  readonly #disposables: Disposable[] = [];
  readonly #rows = new Map<string, Row>();
  readonly #view: vscode.TreeView<Row>;
  #nodes: readonly TreeNode[];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ModelTreeOptions) {
    this.#options = options;
    this.#nodes = options.rows();
    this.#index();
    const view = vscode.window.createTreeView(options.viewId, { treeDataProvider: this });
    this.#view = view;
    this.#disposables.push(
      view,
      this.#changeEmitter,
      options.onDidChange(() => {
        this.refresh();
      }),
      view.onDidChangeVisibility((event) => {
        this.#watchTime(event.visible);
      }),
    );
    this.#watchTime(view.visible);
    this.#showState();
  }

  get onDidChangeTreeData(): vscode.Event<Row | undefined> {
    return this.#changeEmitter.event;
  }

  getChildren(row?: Row): Row[] {
    const nodes = row === undefined ? this.#nodes : row.node.children;
    return nodes.flatMap((node) => this.#rows.get(node.id) ?? []);
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return toTreeItem(row.node);
  }

  /** Makes the rows anew and redraws what became different. */
  refresh(): void {
    this.#showState();
    const before = this.#nodes;
    this.#nodes = this.#options.rows();
    const changed = changedNodes(before, this.#nodes);
    this.#index();
    if (changed === 'all') {
      this.#changeEmitter.fire(undefined);
      return;
    }
    for (const node of changed) this.#changeEmitter.fire(this.#rows.get(node.id));
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const disposable of this.#disposables.splice(0).reverse()) disposable.dispose();
  }

  /** Written only on change: each write is a message to the window. */
  #showState(): void {
    const message = this.#options.message?.() ?? '';
    if ((this.#view.message ?? '') !== message) this.#view.message = message;
    const badge = this.#options.badge?.();
    const isSame = this.#view.badge?.value === badge?.value && this.#view.badge?.tooltip === badge?.tooltip;
    if (!isSame) this.#view.badge = badge;
  }

  #index(): void {
    const present = new Set<string>();
    const add = (node: TreeNode): void => {
      present.add(node.id);
      const row = this.#rows.get(node.id);
      if (row === undefined) this.#rows.set(node.id, { id: node.id, node });
      else row.node = node;
      node.children.forEach(add);
    };
    this.#nodes.forEach(add);
    for (const id of this.#rows.keys()) if (!present.has(id)) this.#rows.delete(id);
  }

  #watchTime(visible: boolean): void {
    clearInterval(this.#timer);
    if (!visible) return;
    this.refresh();
    this.#timer = setInterval(() => {
      this.refresh();
    }, minuteMs);
  }
}

function toTreeItem(node: TreeNode): vscode.TreeItem {
  const states = {
    none: vscode.TreeItemCollapsibleState.None,
    collapsed: vscode.TreeItemCollapsibleState.Collapsed,
    expanded: vscode.TreeItemCollapsibleState.Expanded,
  };
  const item = new vscode.TreeItem(node.label, states[node.expanded]);
  item.id = node.id;
  item.description = node.description;
  item.tooltip = node.tooltip === '' ? undefined : new vscode.MarkdownString(node.tooltip);
  item.accessibilityInformation = { label: node.spoken };
  item.contextValue = node.flags;
  item.iconPath = new vscode.ThemeIcon(
    node.icon.id,
    node.icon.color === undefined ? undefined : new vscode.ThemeColor(node.icon.color),
  );
  if (node.command !== null) {
    item.command = { command: node.command, title: node.label, arguments: [node.subject] };
  }
  return item;
}

/** One build of the product: what a runtime runs and a client brings along. */
export interface Build {
  /** Semantic version, such as `1.2.3` or `1.3.0-rc.1`. */
  readonly version: string;
  /** When the bundle was built, epoch seconds; tells builds of one version apart. */
  readonly stamp: number;
}

/** Orders builds by version, then by stamp; negative if `a` is older than `b`. */
export function compareBuilds(a: Build, b: Build): number {
  return compareVersions(a.version, b.version) || a.stamp - b.stamp;
}

/** Reads a build from parsed JSON; null for anything else. */
export function parseBuild(value: unknown): Build | null {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('stamp' in value)) return null;
  const { version, stamp } = value;
  if (typeof version !== 'string' || version.length > 100) return null;
  if (typeof stamp !== 'number' || !Number.isFinite(stamp)) return null;
  return { version, stamp };
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)];
  const core = comparePieces(left.core, right.core);
  if (core !== 0) return core;
  if (left.prerelease.length === 0 || right.prerelease.length === 0) {
    return right.prerelease.length - left.prerelease.length;
  }
  return comparePieces(left.prerelease, right.prerelease);
}

function splitVersion(version: string): { core: string[]; prerelease: string[] } {
  const withoutBuildMetadata = version.split('+', 1)[0] ?? '';
  const dash = withoutBuildMetadata.indexOf('-');
  const core = dash < 0 ? withoutBuildMetadata : withoutBuildMetadata.slice(0, dash);
  return { core: core.split('.'), prerelease: dash < 0 ? [] : withoutBuildMetadata.slice(dash + 1).split('.') };
}

function comparePieces(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = comparePiece(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function comparePiece(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return Number(a) - Number(b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

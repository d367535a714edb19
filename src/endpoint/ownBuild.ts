import type { Build } from './build.ts';

declare const __BUILD_VERSION__: string | undefined;
declare const __BUILD_STAMP__: number | undefined;

/** The build that this code belongs to; written into the bundles, and `0.0.0-source` when run from its sources. */
export const ownBuild: Build = {
  version: typeof __BUILD_VERSION__ === 'string' ? __BUILD_VERSION__ : '0.0.0-source',
  stamp: typeof __BUILD_STAMP__ === 'number' ? __BUILD_STAMP__ : 0,
};

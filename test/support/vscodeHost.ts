/** The real VS Code that tests drive; it lives with the scripts because `npm start` and the screenshots use it too. */
export { startVsCodeHost, type VsCodeHost, type VsCodeWindow } from '../../scripts/host/vsCodeHost.ts';
export { openView, pick, runCommand, waitForWorkbench } from '../../scripts/host/workbench.ts';

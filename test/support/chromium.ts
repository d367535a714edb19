/** The one Chromium that tests drive; it lives with the scripts because `npm start` and the screenshots use it too. */
export { launchChromium } from '../../scripts/host/chromium.ts';

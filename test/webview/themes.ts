/** The theme variables that the dashboard uses, as the editor's built-in themes set them. */
export type ThemeName = 'dark' | 'light' | 'high-contrast';

const shared = {
  'font-family': '"DejaVu Sans", sans-serif',
  'font-size': '13px',
  'editor-font-family': 'monospace',
  'type-ramp-base-font-size': '13px',
};

const dark = {
  ...shared,
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  focusBorder: '#0078d4',
  contrastActiveBorder: 'transparent',
  'editor-background': '#1f1f1f',
  'editorWidget-background': '#202020',
  'panel-border': '#2b2b2b',
  'textLink-foreground': '#4daafc',
  'textLink-activeForeground': '#4daafc',
  'button-background': '#0078d4',
  'button-foreground': '#ffffff',
  'button-border': '#ffffff12',
  'button-hoverBackground': '#026ec1',
  'button-secondaryBackground': '#313131',
  'button-secondaryForeground': '#cccccc',
  'button-secondaryHoverBackground': '#3c3c3c',
  'badge-background': '#616161',
  'badge-foreground': '#f8f8f8',
  'list-hoverBackground': '#2a2d2e',
  'progressBar-background': '#0078d4',
  'testing-iconPassed': '#73c991',
  'testing-iconFailed': '#f14c4c',
  'charts-yellow': '#cca700',
  'charts-blue': '#3794ff',
};

const light = {
  ...dark,
  foreground: '#3b3b3b',
  descriptionForeground: '#6a6a6a',
  focusBorder: '#005fb8',
  'editor-background': '#ffffff',
  'editorWidget-background': '#f8f8f8',
  'panel-border': '#e5e5e5',
  'textLink-foreground': '#005fb8',
  'textLink-activeForeground': '#005fb8',
  'button-background': '#005fb8',
  'button-secondaryBackground': '#e5e5e5',
  'button-secondaryForeground': '#3b3b3b',
  'button-secondaryHoverBackground': '#cccccc',
  'badge-background': '#cccccc',
  'badge-foreground': '#3b3b3b',
  'list-hoverBackground': '#f2f2f2',
  'progressBar-background': '#005fb8',
  'testing-iconPassed': '#388a34',
  'testing-iconFailed': '#e51400',
  'charts-yellow': '#bf8803',
  'charts-blue': '#1a85ff',
};

const highContrast = {
  ...dark,
  foreground: '#ffffff',
  descriptionForeground: '#ffffffb3',
  focusBorder: '#f38518',
  contrastBorder: '#6fc3df',
  contrastActiveBorder: '#f38518',
  'editor-background': '#000000',
  'editorWidget-background': '#0c141f',
  'panel-border': '#6fc3df',
  'textLink-foreground': '#21a6ff',
  'textLink-activeForeground': '#21a6ff',
  'button-background': '#000000',
  'button-border': '#6fc3df',
  'button-secondaryBackground': '#000000',
  'button-secondaryForeground': '#ffffff',
  'badge-background': '#000000',
  'badge-foreground': '#ffffff',
};

/** Variables by name without the `--vscode-` in front, and the class that the editor gives the body. */
export const themes: Record<ThemeName, { bodyClass: string; variables: Readonly<Record<string, string>> }> = {
  dark: { bodyClass: 'vscode-dark', variables: dark },
  light: { bodyClass: 'vscode-light', variables: light },
  'high-contrast': { bodyClass: 'vscode-high-contrast', variables: highContrast },
};

import { builtinRules } from 'eslint/use-at-your-own-risk';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// A size budget has a soft cap (warning) and a hard cap (error). ESLint keeps one severity per rule, so the hard
// caps are the same rules under a second name.
const hardCap = {
  rules: {
    'max-lines': builtinRules.get('max-lines'),
    'max-lines-per-function': builtinRules.get('max-lines-per-function'),
    complexity: builtinRules.get('complexity'),
  },
};

const lines = (max) => ({ max, skipBlankLines: true, skipComments: true });

const bannedSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name is the same everywhere.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that owns the thing.' },
  { selector: 'PropertyDefinition[accessibility="private"]', message: 'Private state is #field.' },
  {
    selector: 'MethodDefinition[accessibility="private"][kind!="constructor"]',
    message: 'Private methods are #method.',
  },
];

export default defineConfig(
  globalIgnores([
    '**/node_modules/',
    'dist/',
    'out/',
    '.vscode-test/',
    'examples/',
    'test/fixtures/',
    '**/*.cjs',
    '**/*.mjs',
  ]),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { 'hard-cap': hardCap },
    rules: {
      'max-lines': ['warn', lines(250)],
      'hard-cap/max-lines': ['error', lines(400)],
      'max-lines-per-function': ['warn', lines(40)],
      'hard-cap/max-lines-per-function': ['error', lines(80)],
      complexity: ['warn', 12],
      'hard-cap/complexity': ['error', 20],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...bannedSyntax],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // A describe block is a list of behaviours, not a function with one idea.
    files: ['test/**', 'bench/**'],
    rules: {
      'max-lines-per-function': 'off',
      'hard-cap/max-lines-per-function': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
);

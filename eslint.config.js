import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Rooms of the house (docs/architecture.md): imports point inward, and one module each touches sharp and ONNX Runtime. */
const zones = [
  {
    target: './shared',
    from: ['./infra', './functions', './cli', './bench', './test'],
    message: 'shared/ is the domain',
  },
  {
    target: './functions',
    from: ['./infra', './cli', './bench', './test'],
    message: 'functions/ may import shared/ only',
  },
  { target: './infra', from: ['./cli', './bench', './test'], message: 'infra/ may import shared/ only' },
  { target: './cli', from: ['./infra', './functions', './bench', './test'], message: 'cli/ may import shared/ only' },
  ...['embed-images', 'train-head', 'predict-image'].map((name) => ({
    target: `./functions/${name}`,
    from: './functions',
    except: [`./${name}`],
    message: 'functions never import each other',
  })),
];

/** @param {string[]} packages @param {string} where */
const onlyIn = (packages, where) => ({
  group: packages,
  message: `only ${where} may import this; use what that room exports`,
});
const SHARP = onlyIn(['sharp'], 'shared/image/');
const ONNX_RUNTIME = onlyIn(['onnxruntime-node', 'onnxruntime-common'], 'shared/onnx/');
const AWS = onlyIn(['@aws-sdk/*', '@smithy/*'], 'shared/storage/s3-*.ts, functions/ and cli/');

export default tseslint.config(
  { ignores: ['node_modules/', 'cdk.out/', 'coverage/', '.cache/', '**/.venv/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      'no-restricted-imports': ['error', { patterns: [SHARP, ONNX_RUNTIME, AWS] }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      'no-console': 'error',
    },
    settings: {
      'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
  },
  { files: ['shared/image/**'], rules: { 'no-restricted-imports': ['error', { patterns: [ONNX_RUNTIME, AWS] }] } },
  { files: ['shared/onnx/**'], rules: { 'no-restricted-imports': ['error', { patterns: [SHARP, AWS] }] } },
  {
    files: ['shared/storage/s3-*.ts', 'functions/**', 'cli/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [SHARP, ONNX_RUNTIME] }] },
  },
  // Tests and benchmarks hold ours against the bare library, so they may import it.
  { files: ['test/**', 'bench/**'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['bench/**', 'scripts/**', 'bin/**'], rules: { 'no-console': 'off' } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);

export * from './access-scene.ts';
export * from './store-suite.ts';

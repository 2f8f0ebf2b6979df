export * from './access.ts';
export * from './dead-letter.ts';
export { type DocumentFault, show } from './document-reader.ts';
export { fieldBytes, type LayoutDocument, type LayoutField, type LayoutType } from './layout-document.ts';
export * from './ledger.ts';
export { nearestWord } from './nearest-word.ts';
export * from './pipeline-document.ts';
export * from './session.ts';
export * from './values.ts';

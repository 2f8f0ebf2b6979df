/** What was asked failed for faults of the document, which the editor tells. */
export class DocumentFault extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'DocumentFault';
  }
}

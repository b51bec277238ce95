// A vitest reporter that appends each result as a line of JSON to the file named in LEVERET_TEST_REPORT.
import { appendFileSync } from 'node:fs';

const file = process.env.LEVERET_TEST_REPORT;

/** @param {object} record */
function write(record) {
  if (file) appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** @param {readonly { message: string, name?: string }[]} errors */
function text(errors) {
  return errors.map(error => error.message || error.name || String(error)).join('\n');
}

/**
 * Records, by `kind`: `start` a file begins, `test` one test with its state, `broken` a file or suite that failed outside
 * of its tests, `end` the run came to its end.
 */
export default class Reporter {
  /** @param {import('vitest/node').TestModule} module */
  onTestModuleStart(module) {
    write({ kind: 'start', file: module.relativeModuleId });
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    const where = module.relativeModuleId;
    if (module.errors().length > 0) write({ kind: 'broken', file: where, name: '', why: text(module.errors()) });
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) {
        write({ kind: 'broken', file: where, name: suite.fullName, why: text(suite.errors()) });
      }
    }
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result();
      const suite = test.fullName.split(' > ')[0];
      write({ kind: 'test', file: where, name: test.fullName, suite, state, why: text(errors ?? []) });
    }
    write({ kind: 'done', file: where });
  }

  /**
   * @param {unknown} _modules
   * @param {readonly { message: string }[]} errors
   */
  onTestRunEnd(_modules, errors) {
    for (const error of errors) write({ kind: 'broken', file: '', name: 'outside of any test', why: text([error]) });
    write({ kind: 'end' });
  }
}

import { describe, expect, test } from 'vitest';
import { erlangBinary, erlangOctets, frameErrorText, frameSnippet } from '../../../src/amqp/erlang.ts';
import { isConnectionError, replyName, replyText } from '../../../src/amqp/reply-code.ts';
import { type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import { erlangTerm } from '../../../src/amqp/table-term.ts';
import { byteString, textOfByteString } from '../../../src/amqp/text.ts';
import frames from './erlang-frames.json' with { type: 'json' };

describe("Erlang's way of printing", () => {
  // Expectations are what `io_lib:format("~p", [X])` of Erlang/OTP 25 printed.
  test.each([
    [[], '<<>>'],
    [[97, 98, 99], '<<"abc">>'],
    [[0, 20, 0, 10], '<<0,20,0,10>>'],
    [[97, 9, 10, 13, 27], '<<"a\\t\\n\\r\\e">>'],
    [[97, 34, 92, 39], '<<"a\\"\\\\\'">>'],
    [[97, 28], '<<97,28>>'],
    [[97, 127], '<<97,127>>'],
    [[97, 159], '<<97,159>>'],
    [[97, 160], '<<"a\xa0">>'],
    [[195, 164], '<<"\xc3\xa4">>'],
  ])('%j is %s', (bytes, text) => {
    expect(erlangBinary(Uint8Array.from(bytes))).toBe(text);
  });

  test('octets are never text', () => {
    expect(erlangOctets(Buffer.from('ab'))).toBe('<<97,98>>');
    expect(erlangOctets(Buffer.alloc(0))).toBe('<<>>');
  });

  // [type, payload in hex, reason, what Erlang/OTP 25 printed for "type ~p, ~s octets = ~p: ~p"]
  test.each(frames as [number, string, [string, ...number[]], string][])('frame of type %j, %s, %j', (...frame) => {
    const [type, payload, reason, text] = frame;
    expect(frameErrorText(type, Buffer.from(payload, 'hex'), reason)).toBe(text);
  });

  test('a snippet has at most 16 octets', () => {
    expect(frameSnippet(3, Buffer.from('0123456789abcdef'))).toBe('type 3, all octets = <<"0123456789abcdef">>');
    expect(frameSnippet(8, Buffer.from('0123456789abcdefg'))).toBe('type 8, first 16 octets = <<"0123456789abcdef">>');
    expect(frameSnippet(1, Buffer.alloc(0))).toBe('type 1, all octets = <<>>');
  });

  test.each([
    [1, '1.0'],
    [-0.0, '-0.0'],
    [0.1, '0.1'],
    [100, '100.0'],
    [1000, '1.0e3'],
    [10000, '1.0e4'],
    [100000, '1.0e5'],
    [123456, '123456.0'],
    [1230000, '1.23e6'],
    [12300000, '1.23e7'],
    [0.01, '0.01'],
    [0.001, '0.001'],
    [0.0001, '0.0001'],
    [0.00012, '1.2e-4'],
    [1.5e-7, '1.5e-7'],
    [1e30, '1.0e30'],
    [1000000000000000.0, '1.0e15'],
    [1.2345678901234568e17, '1.2345678901234568e17'],
    [9007199254740991, '9007199254740991.0'],
    [9007199254740992, '9.007199254740992e15'],
    [9007199254740994, '9.007199254740994e15'],
    [-2.5, '-2.5'],
    [5e-324, '5.0e-324'],
    [1.7976931348623157e308, '1.7976931348623157e308'],
    [314.159, '314.159'],
    [1e16, '1.0e16'],
    [1e-10, '1.0e-10'],
    [1234567890123456, '1234567890123456.0'],
    [0.000123456789, '1.23456789e-4'],
  ])('the float %j is %s', (value, text) => {
    expect(erlangTerm({ type: 'double', value })).toBe(text);
  });

  test('field values', () => {
    const int: FieldValue = { type: 'signedint', value: 5 };
    const table = Table.from({ k: longstr('v'), a: { type: 'array', value: [int] } });
    expect(erlangTerm({ type: 'table', value: table })).toBe(
      '[{<<"k">>,longstr,<<"v">>},{<<"a">>,array,[{signedint,5}]}]',
    );
    expect(erlangTerm({ type: 'void', value: null })).toBe('undefined');
    expect(erlangTerm({ type: 'decimal', value: { scale: 1, unscaled: 2 } })).toBe('{1,2}');
  });
});

describe('reply codes', () => {
  test('names, and who closes what', () => {
    expect(replyName(404)).toBe('NOT_FOUND');
    expect(replyName(999)).toBe('INTERNAL_ERROR');
    for (const code of [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541])
      expect(isConnectionError(code)).toBe(true);
    for (const code of [311, 312, 313, 403, 404, 405, 406]) expect(isConnectionError(code)).toBe(false);
  });

  test('texts are cut at 255 bytes, not within a character', () => {
    expect(replyText(404, "no queue 'q' in vhost '/'")).toBe("NOT_FOUND - no queue 'q' in vhost '/'");
    expect(replyText(541, '')).toBe('INTERNAL_ERROR');
    expect(replyText(404, 'q'.repeat(243))).toBe(`NOT_FOUND - ${'q'.repeat(243)}`);
    expect(replyText(404, 'q'.repeat(244))).toBe(`NOT_FOUND - ${'q'.repeat(240)}...`);
    expect(replyText(404, `q${'ä'.repeat(122)}`)).toBe(`NOT_FOUND - q${'ä'.repeat(119)}...`);
  });
});

test('byte strings hold one byte per char', () => {
  for (const text of ['', 'a.b', 'ä.€', '\0']) {
    expect(Buffer.from(byteString(text), 'latin1').equals(Buffer.from(text))).toBe(true);
    expect(textOfByteString(byteString(text))).toBe(text);
  }
});

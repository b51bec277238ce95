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

  test('field values', () => {
    const int: FieldValue = { type: 'signedint', value: 5 };
    const table = Table.from({ k: longstr('v'), a: { type: 'array', value: [int] } });
    expect(erlangTerm({ type: 'table', value: table })).toBe(
      '[{<<"k">>,longstr,<<"v">>},{<<"a">>,array,[{signedint,5}]}]',
    );
    expect(erlangTerm({ type: 'double', value: 1 })).toBe('1.0');
    expect(erlangTerm({ type: 'double', value: 1e30 })).toBe('1.0e30');
    expect(erlangTerm({ type: 'double', value: 1.5e-7 })).toBe('1.5e-7');
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

// What the conformance suite has to cover: every method and outcome, every error and every edge; and the pages made from it.
import type { Scenario } from './scenario.ts';

/** Every method with the outcomes that clients can bring about. */
export const outcomes: { readonly [method: string]: string } = {
  'connection.start': 'ok from-client',
  'connection.start-ok': 'plain amqplain refused',
  'connection.secure': 'from-client',
  'connection.secure-ok': 'unexpected',
  'connection.tune': 'ok from-client',
  'connection.tune-ok': 'ok out-of-range',
  'connection.open': 'ok refused',
  'connection.open-ok': 'from-client',
  'connection.close': 'ok crossing error shutdown',
  'connection.close-ok': 'unexpected',
  'connection.blocked': 'ok from-client',
  'connection.unblocked': 'ok from-client',
  'connection.update-secret': 'ok',
  'connection.update-secret-ok': 'from-client',
  'channel.open': 'ok second too-many',
  'channel.open-ok': 'from-client',
  'channel.flow': 'ok inactive',
  'channel.flow-ok': 'from-client',
  'channel.close': 'ok error crossing',
  'channel.close-ok': 'ok from-client',
  'access.request': 'ok',
  'access.request-ok': 'from-client',
  'exchange.declare': 'ok equivalent predeclared passive missing refused nowait auto-delete permission',
  'exchange.declare-ok': 'from-client',
  'exchange.delete': 'ok missing in-use nowait permission',
  'exchange.delete-ok': 'from-client',
  'exchange.bind': 'ok cycle missing default nowait permission',
  'exchange.bind-ok': 'from-client',
  'exchange.unbind': 'ok missing default nowait permission',
  'exchange.unbind-ok': 'from-client',
  'queue.declare':
    'ok equivalent passive missing refused server-named last nowait auto-delete exclusive locked permission unknown-argument',
  'queue.declare-ok': 'from-client',
  'queue.bind': 'ok twice missing default no-last-queue nowait locked permission',
  'queue.bind-ok': 'from-client',
  'queue.purge': 'ok missing no-last-queue nowait locked permission',
  'queue.purge-ok': 'from-client',
  'queue.delete': 'ok missing in-use not-empty no-last-queue nowait locked permission',
  'queue.delete-ok': 'from-client',
  'queue.unbind': 'ok missing default no-last-queue locked permission',
  'queue.unbind-ok': 'from-client',
  'basic.qos': 'ok global size',
  'basic.qos-ok': 'from-client',
  'basic.consume': 'ok server-tag no-ack exclusive tag-reuse missing no-last-queue nowait locked permission',
  'basic.consume-ok': 'from-client',
  'basic.cancel': 'ok unknown nowait notify',
  'basic.cancel-ok': 'from-client',
  'basic.publish': 'ok mandatory immediate missing internal permission',
  'basic.return': 'no-route from-client',
  'basic.deliver': 'ok from-client',
  'basic.get': 'ok empty no-ack missing no-last-queue locked permission',
  'basic.get-ok': 'from-client',
  'basic.get-empty': 'ok from-client',
  'basic.ack': 'ok multiple unknown-tag confirm tx',
  'basic.reject': 'drop requeue unknown-tag tx',
  'basic.recover-async': 'ok no-requeue',
  'basic.recover': 'ok no-requeue',
  'basic.recover-ok': 'from-client',
  'basic.nack': 'drop requeue multiple unknown-tag tx',
  'confirm.select': 'ok nowait tx',
  'confirm.select-ok': 'from-client',
  'tx.select': 'ok confirm',
  'tx.select-ok': 'from-client',
  'tx.commit': 'ok return failed-before not-selected',
  'tx.commit-ok': 'from-client',
  'tx.rollback': 'ok not-selected',
  'tx.rollback-ok': 'from-client',
};

/** What travels beneath the methods, and how exchanges match. */
const mechanics: { readonly [id: string]: string } = {
  'frame:old-header': 'older protocol headers are answered by start',
  'frame:wrong-header': 'foreign protocol headers are answered by our own and a reset',
  'frame:handshake-timeout': 'ten seconds from connect to open',
  'frame:chunks': 'frames may come in any pieces',
  'frame:frame-max': 'the largest frame',
  'frame:body': 'bodies in any number of frames, empty ones, interleaved ones',
  'frame:tables': 'field tables of every type',
  'frame:flags': 'property flags',
  'frame:channel-zero': 'frames that do not belong on channel 0',
  'frame:channel-before-open': 'channel frames before connection.open',
  'frame:heartbeat-channel': 'a heartbeat on a channel',
  'heartbeat/sent': 'the server beats',
  'heartbeat/received': 'heartbeats and traffic are taken',
  'heartbeat/missed': 'a silent client is cut off',
  'topic/match': 'topic keys',
  'headers/match': 'headers of all four kinds of x-match',
  deduplication: 'deduplication by exchanges and queues',
  'reply-to/ok': 'direct reply-to: requests and replies',
  'reply-to/tag': 'direct reply-to: delivery tags of replies',
  'reply-to/mandatory': 'direct reply-to: a mandatory reply',
  'reply-to/gone': 'direct reply-to: replies to who is gone',
  'reply-to/refused': 'direct reply-to: what is refused',
  'reply-to/declare': 'direct reply-to: queue.declare tells who waits',
  'reply-to/no-queue': 'direct reply-to: it is no queue for other methods',
  'reply-to/permission': 'direct reply-to: needs no permission',
  'reply-to/tx': 'direct reply-to: in a transaction',
  'exchange-type/x-consistent-hash': 'x-consistent-hash: by key, header and property; weights',
  'exchange-type/x-modulus-hash': 'x-modulus-hash',
  'exchange-type/x-random': 'x-random',
  'exchange-type/x-local-random': 'x-local-random',
  'exchange-type/x-recent-history': 'x-recent-history: how many, in order, what is not stored',
};

/** What queues can do beyond holding messages. */
const features: { readonly [id: string]: string } = {
  'ttl/message': 'time to live of a message: the property `expiration`',
  'ttl/queue': 'time to live of messages: `x-message-ttl`',
  'expires/queue': 'time to live of a queue: `x-expires`',
  'length/drop-head': 'length limits that drop the oldest',
  'length/reject-publish': 'length limits that refuse the newest',
  'length/reject-publish-dlx': 'length limits that dead-letter the newest',
  'length/bytes': '`x-max-length-bytes`',
  'dead-letter/rejected': 'dead letters: rejected',
  'dead-letter/expired': 'dead letters: expired',
  'dead-letter/maxlen': 'dead letters: maxlen',
  'dead-letter/delivery_limit': 'dead letters: delivery_limit',
  'dead-letter/headers': 'x-death, x-first-death-* and x-last-death-*',
  'dead-letter/routing': 'where dead letters go: keys, CC, the default exchange, no exchange',
  'dead-letter/permission': 'what a user needs to declare a dead letter exchange',
  'priority/message': '`x-max-priority`',
  'priority/consumer': '`x-priority` of consumers',
  'single-active-consumer': '`x-single-active-consumer`',
  'queue-type/arguments': 'which queue type takes which arguments',
  'queue-type/properties': 'which queue type takes which properties',
  'delivery-limit': '`x-delivery-limit` and x-delivery-count',
  'delayed-retry': '`x-delayed-retry-type`, `-min` and `-max`',
};

/** Every error that a client can bring about: code, class of close, text. */
const errors: { readonly [id: string]: string } = {
  'err:bad-credentials': '403 connection `Login was refused using authentication mechanism ..`',
  'err:malformed-plain': 'reset: malformed PLAIN response',
  'err:unknown-mechanism': 'reset: unknown mechanism',
  'err:vhost-missing': '530 connection `vhost v not found`',
  'err:vhost-access': "530 connection `access to vhost 'v' refused for user 'u'`",
  'err:tune-ok': '530 connection `negotiated frame_max = n is lower than ..`',
  'err:wrong-state': '504 connection `unexpected method in connection state ..`',
  'err:too-many-channels': '530 connection `number of channels opened (n) has reached ..`',
  'err:not-opened': "504 connection `expected 'channel.open'`",
  'err:opened-twice': "504 connection `second 'channel.open' seen`",
  'err:shutdown': "320 connection `broker forced connection closure with reason 'shutdown'`",
  'err:frame-too-large': '501 connection `{frame_too_large,n,m}`',
  'err:bad-end-mark': '501 connection `{invalid_frame_end_marker,n}`',
  'err:unknown-frame': '501 connection `unknown_frame`',
  'err:cannot-decode': '501 connection `cannot decode <<..>>`',
  'err:bad-utf8': '501 connection `Malformed UTF-8 in shortstr`',
  'err:unknown-method': '503 connection: unknown class or method',
  'err:unknown-field-tag': '501 connection: unknown type of a field',
  'err:frame-order': '505 connection `expected .. frame, got ..`',
  'err:content-header': '541 connection: undecodable properties',
  'err:body-overrun': '505 connection: a body longer than announced',
  'err:body-too-large': '501 connection `content body size n exceeds ..`',
  'err:queue-missing': "404 channel `no queue 'q' in vhost '/'`",
  'err:exchange-missing': "404 channel `no exchange 'x' in vhost '/'`",
  'err:no-last-queue': '404 channel `no previously declared queue`',
  'err:inequivalent-queue': "406 channel `inequivalent arg 'a' for queue ..`",
  'err:inequivalent-exchange': "406 channel `inequivalent arg 'a' for exchange ..`",
  'err:locked': '405 channel `cannot obtain exclusive access to locked queue ..`',
  'err:exclusive-consumer': "403 channel `queue 'q' in vhost '/' in exclusive use`",
  'err:permission': '403 channel `access to .. refused for user ..`',
  'err:reserved-name': '403 channel `.. contains reserved prefix ..`',
  'err:default-exchange': '403 channel `operation not permitted on the default exchange`',
  'err:delete-system-exchange': '403 channel `deletion of system exchange .. not allowed`',
  'err:publish-internal': '403 channel `cannot publish to internal exchange ..`',
  'err:in-use': '406 channel `.. in use`, `.. not empty`',
  'err:unknown-exchange-type': "503 connection `unknown exchange type 't'`",
  'err:reply-to': '406 channel `fast reply consumer does not exist`, `reply consumer ..`',
  'err:exchange-argument': "406 channel: an argument that the exchange's type refuses",
  'err:invalid-binding': '406 channel `Invalid x-match field ..`',
  'err:unknown-tag': '406 channel `unknown delivery tag n`',
  'err:consumer-tag': "530 connection `attempt to reuse consumer tag 'c'`",
  'err:not-implemented': '540 connection `prefetch_size`, `immediate`, `active=false`, `requeue=false`',
  'err:delivery-mode': '406 channel `{delivery_mode_unknown,n}`',
  'err:user-id': '406 channel `user_id property set to ..`',
  'err:tx-confirm': '406 channel `cannot switch from ..`, `channel is not transactional`',
  'err:unimplemented': '503 connection `unimplemented method`',
  'err:no-route': '312 `NO_ROUTE` of basic.return',
  'err:argument-type': "406 channel `invalid arg 'a' for queue ..`: wrong type",
  'err:argument-value': "406 channel `invalid arg 'a' for queue ..`: wrong value",
  'err:argument-order': 'which of several bad or different arguments is told',
  'err:argument-of-other-type': "406 channel `invalid arg 'a' for queue .. of queue type t`",
  'err:queue-type-property': "406 channel `invalid property 'p' for queue ..`",
  'err:queue-type-server-named': '406 channel `Cannot declare a server-named queue for type t`',
  'err:single-active-get': '405 channel `cannot obtain access to locked queue .. with single active consumer`',
  'err:expiration': "406 channel `invalid expiration 'e'`",
  'err:long-text': 'texts cut to 255 octets',
};

/** The edges where brokers are easily wrong, by number. */
const edges: { readonly [id: string]: string } = {
  'edge:1': 'what is requeued comes back to its place, in order, however it was given back',
  'edge:2': 'redelivered is told of every message that was delivered before',
  'edge:3':
    'prefetch per consumer is read at consume; global prefetch is shared; both apply; no-ack and get know neither',
  'edge:4': 'tag 0, multiple, settled and unknown tags; acks belong to a channel; what an error gives back, and when',
  'edge:5': 'order from one publishing channel to one consumer',
  'edge:6': 'strict round robin among consumers with credit',
  'edge:7': 'what cancel leaves behind; when auto-delete queues and exchanges go',
  'edge:8': 'a return before its ack; a missing exchange confirms nothing after it',
  'edge:9': 'a confirm for many queues, for a queue deleted meanwhile, with a no-ack consumer',
  'edge:10': 'messages expire at the head only; deadlines are fixed when a message comes; 0 with a waiting consumer',
  'edge:11': 'dead letters that go round: dropped, or let go on after a reject; an empty exchange name is one',
  'edge:12': 'exclusive queues: who may do what, and when they go',
  'edge:13': 'names: reserved, odd, long, with line ends',
  'edge:14': 'races of closing channels',
  'edge:15': 'nested tables keep every type, order and duplicates',
  'edge:16': 'absent properties stay absent, zeros stay zeros',
  'edge:17': 'the durable flag of an exclusive queue is ignored',
  'edge:18': 'arguments are compared by value across integer types',
  'edge:19': 'get beside an exclusive consumer; purge leaves what is unacknowledged',
  'edge:20': 'heartbeat 0 is none; the value of tune-ok is used as it is',
  'edge:21': 'close is answered with 2047 channels open',
  'edge:23': 'a queue that nobody uses goes, whatever was got from it; declaring and getting wind its clock',
  'edge:22': 'alarms: acknowledgements on other connections go on',
  'edge:24': 'counts are exact after confirms',
};

/** How messages are routed beyond the plain exchanges, and what an operator sets. */
const extensions: { readonly [id: string]: string } = {
  'alternate/argument': 'alternate exchange: by argument',
  'alternate/policy': 'alternate exchange: by policy',
  'alternate/chain': 'alternate exchange: chains',
  'alternate/cycle': 'alternate exchange: cycles',
  'alternate/missing': 'alternate exchange: one that is missing',
  'alternate/return': 'alternate exchange: what is returned and confirmed',
  'alternate/equivalent': 'alternate exchange: declared again',
  'alternate/type': "alternate exchange: 406 channel `invalid type 't' for arg 'alternate-exchange' ..`",
  'alternate/permission': 'alternate exchange: what a user needs to declare one',
  'copies/cc': 'CC',
  'copies/bcc': 'BCC',
  'copies/once': 'CC and BCC: one copy for each queue',
  'copies/type': '406 channel `{unacceptable_type_in_header,"CC",t}`',
  'headers/x-match': 'headers exchange: the four forms of x-match',
  'headers/values': 'headers exchange: how values are compared',
  'headers/invalid': 'headers exchange: bad x-match',
  'exchange-bindings/key': 'exchanges bound to exchanges: each by its own rule',
  'exchange-bindings/once': 'exchanges bound to exchanges: one copy for each queue',
  'exchange-bindings/cycle': 'exchanges bound to exchanges: cycles',
  'exchange-bindings/auto-delete': 'exchanges bound to exchanges: when auto-delete ones go',
  'policy/max-length': 'policy: max-length',
  'policy/max-length-bytes': 'policy: max-length-bytes',
  'policy/overflow': 'policy: overflow',
  'policy/message-ttl': 'policy: message-ttl',
  'policy/expires': 'policy: expires',
  'policy/dead-letter-exchange': 'policy: dead-letter-exchange and -routing-key',
  'policy/dead-letter-strategy': 'policy: dead-letter-strategy',
  'policy/delivery-limit': 'policy: delivery-limit',
  'policy/queue-mode': 'policy: queue-mode',
  'policy/queue-version': 'policy: queue-version',
  'policy/queue-leader-locator': 'policy: queue-leader-locator',
  'policy/initial-cluster-size': 'policy: initial-cluster-size',
  'policy/max-in-memory-length': 'policy: max-in-memory-length',
  'policy/max-in-memory-bytes': 'policy: max-in-memory-bytes',
  'policy/max-age': 'policy: max-age',
  'policy/stream-max-segment-size-bytes': 'policy: stream-max-segment-size-bytes',
  'policy/ha-mode': 'policy: ha-mode',
  'policy/exchanges': 'policies of exchanges',
  'policy/live': 'policies act on what is there already',
  'policy/removed': 'policies that are taken away',
  'policy/argument': 'policies and arguments: which wins',
  'policy/merge': 'argument, policy and operator policy: the least counts',
  'policy/operator': 'operator policies',
  'policy/priority': 'which of several policies counts',
  'policy/apply-to': 'apply-to',
  'policy/type': 'policies that a queue type does not know',
  'policy/pattern': 'patterns of policies',
  'policy/vhost': 'policies of one vhost',
  'policy/invalid': 'definitions that are refused',
  'limit/vhost-connections':
    "530 connection `access to vhost 'v' refused for user 'u': connection limit (n) is reached`",
  'limit/user-connections': "530 connection `connection refused for user 'u': user connection limit (n) is reached`",
  'limit/channels': "530 connection `number of channels opened for user 'u' has reached ..`",
  'limit/queues': "406 channel `cannot declare queue 'q': queue limit in vhost 'v' (n) is reached`",
  'limit/api': 'limits over the HTTP API',
  'topic-permission/write': "403 channel `access to topic 'k' in exchange 'x' ..`: publishing",
  'topic-permission/read': "403 channel `access to topic 'k' in exchange 'x' ..`: binding",
  'topic-permission/variables': 'topic permissions: {username} and {vhost}',
  'topic-permission/copies': 'topic permissions: keys of CC and BCC',
  'topic-permission/other': 'topic permissions: what they do not concern',
  'topic-permission/api': 'topic permissions over the HTTP API',
  'reply/ok': 'direct reply-to: request and reply',
  'reply/address': 'direct reply-to: the address in the request',
  'reply/tags': 'direct reply-to: delivery tags and prefetch',
  'reply/cancel': 'direct reply-to: cancel',
  'reply/gone': 'direct reply-to: nobody at the address',
  'reply/mandatory': 'direct reply-to: what is returned',
  'reply/confirm': 'direct reply-to: confirms',
  'reply/copies': 'direct reply-to: addresses in CC and BCC',
  'reply/declare': 'direct reply-to: declaring addresses',
  'reply/permission': 'direct reply-to: permissions',
  'reply/error':
    "406 channel `fast reply consumer does not exist` and others; 404 channel `no queue 'amq.rabbitmq.reply-to' ..`",
  'alarm/blocked': 'alarms: blocked at the first publish, unblocked at the end',
  'alarm/quiet': 'alarms: who is not told',
  'alarm/consumers': 'alarms: consumers go on',
  'alarm/both': 'alarms: of memory and disk together',
  'firehose/publish': 'firehose: copies of what is published',
  'firehose/deliver': 'firehose: copies of what is delivered',
  'firehose/properties': 'firehose: properties and bodies',
  'firehose/loop': 'firehose: no copies of copies',
  'firehose/switch': 'firehose: on and off',
  'events/objects': 'events: of queues, exchanges, bindings and policies',
  'events/clients': 'events: of connections, logins, channels and consumers',
  'events/people': 'events: of vhosts, users and permissions',
  'events/node': 'events: of alarms',
  'events/exchange': 'events: the exchange',
};

/** What is left out here, and why. */
const leftOut: { readonly [what: string]: string } = {
  streams: 'a queue of type stream is refused',
  'deletion of a vhost or user, closing by an operator (edge 25)': 'comes with the management API',
  'limits of consumers of a channel and of connections of the node': 'are settings, set before the broker starts',
  'what a restart keeps (edges 16 and 17)': 'is shown by the torture and simulation suites, which crash the broker',
};

/** Every row that needs a scenario. */
const rows: ReadonlySet<string> = new Set([
  ...Object.entries(outcomes).flatMap(([method, list]) => list.split(' ').map(outcome => `${method}/${outcome}`)),
  ...Object.keys(mechanics),
  ...Object.keys(features),
  ...Object.keys(errors),
  ...Object.keys(edges),
  ...Object.keys(extensions),
]);

/** Which scenarios cover each row. */
export function coverage(scenarios: readonly Scenario[]): Map<string, string[]> {
  const result = new Map([...rows].map(row => [row, [] as string[]]));
  for (const { id, covers } of scenarios) {
    for (const row of covers) {
      const list = result.get(row);
      if (!list) throw new Error(`scenario "${id}" covers ${row}, which is no row of the coverage table`);
      list.push(id);
    }
  }
  return result;
}

/** A Markdown table with aligned columns, as the formatter wants it. */
function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = [head, ...body].map(line => line.map(text => text.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map(line => line[column]!.length)));
  const lines = cells.map(line => `| ${line.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

/** The page that shows which scenario covers what. */
export function conformancePage(scenarios: readonly Scenario[]): string {
  const covered = coverage(scenarios);
  const alone = scenarios.filter(({ source }) => source !== undefined).length;
  const by = (row: string): string => {
    const list = covered.get(row)!;
    return list.slice(0, 3).join('; ') + (list.length > 3 ? `; and ${list.length - 3} more` : '');
  };
  const section = (what: string, entries: [string, string][]): string =>
    table(
      [what, 'covered by'],
      entries.map(([row, text]) => [text, by(row)]),
    );
  const described = (list: { readonly [id: string]: string }, numbered = false): [string, string][] =>
    Object.entries(list).map(([id, text]) => [id, numbered ? `${id.slice('edge:'.length)}: ${text}` : text]);
  const methodRows = Object.entries(outcomes).flatMap(([method, list]) =>
    list.split(' ').map((outcome): [string, string] => [`${method}/${outcome}`, `${method}: ${outcome}`]),
  );
  return [
    '# Conformance',
    `The conformance suite plays ${scenarios.length - alone} scenarios against Leveret and against RabbitMQ 3.10.8, which is the oracle: what it answers is right; and ${alone} against Leveret alone, of what 3.10.8 has not. This page is generated (\`ORACLE_WRITE=1 npx vitest run test/conformance/coverage.test.ts\`); a row that no scenario covers fails the tests.`,
    '## Methods and their outcomes',
    section('method: outcome', methodRows),
    '## Framing, heartbeats and matching',
    section('what', described(mechanics)),
    '## What queues can do',
    section('what', described(features)),
    '## Routing and operation',
    section('what', described(extensions)),
    '## Errors',
    section('error', described(errors)),
    '## Edges',
    section('edge', described(edges, true)),
    '## Left out here',
    table(['what', 'why'], Object.entries(leftOut)),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

/** The intended differences from RabbitMQ 3.10.8 as a table for the compatibility page. */
export function differencesTable(scenarios: readonly Scenario[]): string {
  const body = scenarios.flatMap(({ id, differs, source }) => {
    if (differs) return [[id, differs.rabbitmq, differs.leveret, differs.reason]];
    return source === undefined ? [] : [[id, 'has no such feature', 'has it; played on Leveret alone', source]];
  });
  return table(['scenario', 'RabbitMQ 3.10.8', 'Leveret', 'reason'], body);
}

<?php

// What php-amqplib programs do with a broker. Prints `ok <step>` after each step; any failure is a trace and another exit code.

declare(strict_types=1);

require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPConnectionClosedException;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Exchange\AMQPExchangeType;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

define('QUEUE', 'amqplib-' . bin2hex(random_bytes(4)));

/** Seconds after which a wait has failed. */
const LIMIT = 10;

/** Deliveries of one consumer, in the order in which they came. */
final class Inbox
{
    /** @var AMQPMessage[] */
    private array $messages = [];

    public function __construct(private AMQPChannel $channel, string $queue, bool $noAck = false)
    {
        $channel->basic_consume($queue, no_ack: $noAck, callback: function (AMQPMessage $message): void {
            $this->messages[] = $message;
        });
    }

    /** @return AMQPMessage[] */
    public function take(int $count): array
    {
        while (count($this->messages) < $count) {
            $this->channel->wait(timeout: LIMIT);
        }
        return array_splice($this->messages, 0, $count);
    }
}

function connect(int $heartbeat = 0): AMQPStreamConnection
{
    $url = parse_url(getenv('AMQP_URL'));
    return new AMQPStreamConnection(
        $url['host'],
        $url['port'],
        $url['user'],
        $url['pass'],
        rawurldecode(substr($url['path'], 1)),
        read_write_timeout: LIMIT,
        heartbeat: $heartbeat,
        channel_rpc_timeout: LIMIT,
    );
}

function expect(mixed $found, mixed $wanted): void
{
    if ($found !== $wanted) {
        throw new Exception('expected ' . var_export($wanted, true) . ', got ' . var_export($found, true));
    }
}

/** @param AMQPMessage[] $messages */
function marks(array $messages): array
{
    return array_map(fn ($message) => [$message->getBody(), $message->isRedelivered()], $messages);
}

function body(?AMQPMessage $message): ?string
{
    return $message?->getBody();
}

function countReady(AMQPChannel $channel): int
{
    return $channel->queue_declare(QUEUE, passive: true)[1];
}

function publish(AMQPChannel $channel, string ...$bodies): void
{
    foreach ($bodies as $body) {
        $message = new AMQPMessage($body, ['delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]);
        $channel->basic_publish($message, '', QUEUE, mandatory: true);
    }
    $channel->wait_for_pending_acks_returns(LIMIT);
}

function confirms(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $acknowledged = [];
    $channel->set_ack_handler(function (AMQPMessage $message) use (&$acknowledged): void {
        $acknowledged[] = $message->getBody();
    });
    $bodies = array_map('strval', range(0, 99));
    publish($channel, ...$bodies);
    sort($acknowledged, SORT_NUMERIC);
    expect($acknowledged, $bodies);
    expect(countReady($channel), 100);
    foreach ($bodies as $body) {
        $channel->batch_basic_publish(new AMQPMessage($body), '', QUEUE);
    }
    $channel->publish_batch();
    $channel->wait_for_pending_acks(LIMIT);
    expect(count($acknowledged), 200);
    expect($channel->queue_purge(QUEUE), 200);
}

function returns(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $returned = [];
    $channel->set_return_listener(
        function (int $code, string $text, string $exchange, string $key, AMQPMessage $message) use (&$returned): void {
            $returned[] = [$code, $text, $exchange, $key, $message->get('message_id'), $message->getBody()];
        }
    );
    $message = new AMQPMessage('lost?', ['message_id' => 'm']);
    $channel->basic_publish($message, '', 'no-such-queue', mandatory: true);
    $channel->wait_for_pending_acks_returns(LIMIT);
    expect($returned, [[312, 'NO_ROUTE', '', 'no-such-queue', 'm', 'lost?']]);
}

function settlements(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    publish($channel, 'one', 'two', 'three');
    $other = connect();
    $consumer = $other->channel();
    $consumer->basic_qos(0, 2, false);
    $inbox = new Inbox($consumer, QUEUE);
    [$one, $two] = $first = $inbox->take(2);
    expect(marks($first), [['one', false], ['two', false]]);
    expect(countReady($channel), 1);
    $one->nack(requeue: true);
    expect(marks($inbox->take(1)), [['one', true]]);
    $two->reject(requeue: false);
    $third = $inbox->take(1);
    expect(marks($third), [['three', false]]);
    $third[0]->ack(multiple: true);
    $other->close();
    expect(countReady($channel), 0);
}

function redelivery(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    publish($channel, 'a', 'b', 'c', 'd');
    $lost = connect();
    $consumer = $lost->channel();
    $consumer->basic_qos(0, 2, false);
    $inbox = new Inbox($consumer, QUEUE);
    $inbox->take(2);
    // No word of AMQP: the socket is cut.
    stream_socket_shutdown($lost->getIO()->getSocket(), STREAM_SHUT_RDWR);
    try {
        $inbox->take(1);
        throw new Exception('a message came through a socket that was cut');
    } catch (AMQPConnectionClosedException) {
        $lost->reconnect();
    }
    $consumer = $lost->channel();
    $inbox = new Inbox($consumer, QUEUE);
    expect(marks($inbox->take(4)), [['a', true], ['b', true], ['c', false], ['d', false]]);
    $consumer->basic_recover(true);
    expect(marks($inbox->take(4)), [['a', true], ['b', true], ['c', true], ['d', true]]);
    // Closing gives back what is unacknowledged.
    $lost->close();
    $message = $channel->basic_get(QUEUE);
    expect([marks([$message]), $message->getMessageCount()], [[['a', true]], 3]);
    $message->ack();
    $channel->queue_purge(QUEUE);
}

function properties(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $headers = [
        'text' => 'ä', 'int' => 5, 'long' => 2 ** 40, 'negative' => -1, 'yes' => true, 'none' => null,
        'list' => ['x', 1], 'table' => ['deep' => ['er' => 'end']],
    ];
    $sent = [
        'content_type' => 'application/json', 'content_encoding' => 'utf-8', 'delivery_mode' => 2, 'priority' => 5,
        'correlation_id' => 'c', 'reply_to' => 'r', 'expiration' => '60000', 'message_id' => 'm',
        'timestamp' => 1700000000, 'type' => 't', 'user_id' => 'guest', 'app_id' => 'a',
    ];
    $body = random_bytes(300_000);
    $message = new AMQPMessage($body, [...$sent, 'application_headers' => new AMQPTable($headers)]);
    $channel->basic_publish($message, '', QUEUE);
    $channel->wait_for_pending_acks(LIMIT);
    $received = $channel->basic_get(QUEUE, no_ack: true);
    if ($received->getBody() !== $body) {
        throw new Exception('another body came back');
    }
    $properties = $received->get_properties();
    expect($properties['application_headers']->getNativeData(), $headers);
    unset($properties['application_headers']);
    expect($properties, $sent);
    expect($channel->basic_get(QUEUE), null);
}

function routing(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $exchange = QUEUE . '-topic';
    $channel->exchange_declare($exchange, AMQPExchangeType::TOPIC);
    $channel->queue_bind(QUEUE, $exchange, 'a.*');
    [$mine] = $channel->queue_declare('', exclusive: true);
    expect(str_starts_with($mine, 'amq.gen-'), true);
    $channel->queue_bind($mine, $exchange, '#');
    foreach (['a.b', 'a.b.c', 'x'] as $key) {
        $channel->basic_publish(new AMQPMessage($key), $exchange, $key);
    }
    $inbox = new Inbox($channel, $mine, noAck: true);
    expect(array_map('body', $inbox->take(3)), ['a.b', 'a.b.c', 'x']);
    expect(body($channel->basic_get(QUEUE, no_ack: true)), 'a.b');
    expect(countReady($channel), 0);
}

function transactions(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $transaction = $connection->channel();
    $transaction->tx_select();
    $transaction->basic_publish(new AMQPMessage('undone'), '', QUEUE);
    $transaction->tx_rollback();
    $transaction->basic_publish(new AMQPMessage('done', ['delivery_mode' => 2]), '', QUEUE);
    expect(countReady($channel), 0);
    $transaction->tx_commit();
    $message = $transaction->basic_get(QUEUE);
    expect(body($message), 'done');
    $message->ack();
    $transaction->tx_commit();
    $transaction->close();
    expect(countReady($channel), 0);
}

/** A wait ends at its timeout without harm to the consumer, and `consume` runs until it is told to stop. */
function timeouts(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $consumer = $connection->channel();
    $bodies = [];
    $consumer->basic_consume(QUEUE, callback: function (AMQPMessage $message) use (&$bodies): void {
        $bodies[] = $message->getBody();
        $message->ack();
        if ($message->getBody() === 'last') {
            $message->getChannel()->stopConsume();
        }
    });
    expect($consumer->wait(non_blocking: true), null);
    try {
        $consumer->wait(timeout: 0.2);
        throw new Exception('a wait with nothing to wait for ended before its time');
    } catch (AMQPTimeoutException) {
        expect($bodies, []);
    }
    publish($channel, 'first', 'second', 'last');
    $consumer->consume();
    expect($bodies, ['first', 'second', 'last']);
    $consumer->close();
}

/** A program that waits sends heartbeats meanwhile; one that is busy with other things sends none and is cut off. */
function heartbeats(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $waiting = connect(heartbeat: 1);
    $busy = connect(heartbeat: 1);
    expect([$waiting->getHeartbeat(), $busy->getHeartbeat()], [1, 1]);
    $consumer = $waiting->channel();
    $inbox = new Inbox($consumer, QUEUE, noAck: true);
    $socket = $busy->getIO()->getSocket();
    stream_set_blocking($socket, false);
    $until = microtime(true) + LIMIT;
    while (!feof($socket)) {
        if (microtime(true) > $until) {
            throw new Exception('a connection without heartbeats was not cut off');
        }
        // The broker's own heartbeats lie before the end.
        fread($socket, 8192);
        try {
            $consumer->wait(timeout: 0.2);
        } catch (AMQPTimeoutException) {
        }
    }
    publish($channel, 'alive');
    expect(marks($inbox->take(1)), [['alive', false]]);
    $waiting->close();
}

function errors(AMQPStreamConnection $connection, AMQPChannel $channel): void
{
    $refused = function (int $code, string $text, callable $call) use ($connection): void {
        $broken = $connection->channel();
        try {
            $call($broken);
            throw new Exception("$text: this was allowed");
        } catch (AMQPProtocolChannelException $error) {
            expect([$error->getCode(), str_contains($error->getMessage(), $text)], [$code, true]);
            expect($broken->is_open(), false);
        }
    };
    $refused(406, "inequivalent arg 'durable' for queue", fn ($broken) => $broken->queue_declare(QUEUE));
    $refused(
        404,
        "no queue 'no-such-queue' in vhost '/'",
        fn ($broken) => $broken->queue_declare('no-such-queue', passive: true)
    );
    $refused(
        403,
        "queue name 'amq.mine' contains reserved prefix 'amq.*'",
        fn ($broken) => $broken->queue_declare('amq.mine')
    );
    // An acknowledgement has no answer; what is wrong with it comes with the next wait.
    $refused(406, 'unknown delivery tag 42', function ($broken) {
        $broken->basic_ack(42);
        $broken->wait(timeout: LIMIT);
    });
    // The connection goes on; one more wrong thing ends it, with its reason.
    expect(countReady($channel), 0);
    try {
        $channel->exchange_declare('mine', 'no-such-type');
        throw new Exception('an unknown exchange type was allowed');
    } catch (AMQPConnectionClosedException $error) {
        expect(
            [$error->getCode(), str_contains($error->getMessage(), "unknown exchange type 'no-such-type'")],
            [503, true]
        );
    }
    expect($connection->isConnected(), false);
    $connection->reconnect();
    $connection->channel()->queue_delete(QUEUE);
}

// A warning or a notice is a failure, too.
set_error_handler(function (int $severity, string $message, string $file, int $line): void {
    throw new ErrorException($message, 0, $severity, $file, $line);
});

$connection = connect();
$channel = $connection->channel();
$channel->confirm_select();
$channel->queue_declare(QUEUE, durable: true, auto_delete: false);
$steps = [
    'confirms', 'returns', 'settlements', 'redelivery', 'properties', 'routing', 'transactions', 'timeouts', 'heartbeats',
    'errors',
];
foreach ($steps as $step) {
    $step($connection, $channel);
    echo "ok $step\n";
}
$connection->close();

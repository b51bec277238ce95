"""What pika programs do with a broker. Prints `ok <step>` after each step; any failure is a traceback and exit code 1."""
import os
import socket
import sys
import uuid

import pika
import pika.exceptions

PARAMETERS = pika.URLParameters(os.environ['AMQP_URL'])
PERSISTENT = pika.BasicProperties(delivery_mode=2)
QUEUE = f'pika-{uuid.uuid4().hex[:8]}'


def connect():
    connection = pika.BlockingConnection(PARAMETERS)
    channel = connection.channel()
    channel.confirm_delivery()
    return connection, channel


def take(channel, count, queue=QUEUE, **options):
    """The next `count` deliveries, not acknowledged, from a consumer that goes on."""
    taken = []
    for method, properties, body in channel.consume(queue, inactivity_timeout=10, **options):
        assert method is not None, f'only {len(taken)} of {count} deliveries in 10 s'
        taken.append((method, properties, body))
        if len(taken) == count:
            return taken


def marks(deliveries):
    return [(body, method.redelivered) for method, _, body in deliveries]


def expect(found, wanted):
    assert found == wanted, f'expected {wanted!r}, got {found!r}'


def count(channel):
    return channel.queue_declare(QUEUE, passive=True).method.message_count


def publish(channel, *bodies):
    for body in bodies:
        channel.basic_publish('', QUEUE, body, PERSISTENT, mandatory=True)


def confirms(connection, channel):
    channel.queue_declare(QUEUE, durable=True)
    publish(channel, *[b'%d' % number for number in range(100)])
    expect(count(channel), 100)
    expect(channel.queue_purge(QUEUE).method.message_count, 100)


def returns(connection, channel):
    try:
        channel.basic_publish('', 'no-such-queue', b'lost?', pika.BasicProperties(message_id='m'), mandatory=True)
    except pika.exceptions.UnroutableError as error:
        [message] = error.messages
        expect((message.method.reply_code, message.method.reply_text), (312, 'NO_ROUTE'))
        expect((message.method.routing_key, message.properties.message_id, message.body), ('no-such-queue', 'm', b'lost?'))
    else:
        raise AssertionError('the message was not returned')


def settlements(connection, channel):
    publish(channel, b'one', b'two', b'three')
    other, consumer = connect()
    consumer.basic_qos(prefetch_count=2)
    first = take(consumer, 2)
    expect(marks(first), [(b'one', False), (b'two', False)])
    expect(count(channel), 1)
    consumer.basic_nack(first[0][0].delivery_tag, requeue=True)
    again = take(consumer, 1)
    expect(marks(again), [(b'one', True)])
    consumer.basic_reject(first[1][0].delivery_tag, requeue=False)
    third = take(consumer, 1)
    expect(marks(third), [(b'three', False)])
    consumer.basic_ack(third[0][0].delivery_tag, multiple=True)
    other.close()
    expect(count(channel), 0)


def redelivery(connection, channel):
    publish(channel, b'a', b'b', b'c', b'd')
    lost, consumer = connect()
    consumer.basic_qos(prefetch_count=2)
    take(consumer, 2)
    # No word of AMQP: the socket is cut.
    lost._impl._transport._sock.shutdown(socket.SHUT_RDWR)
    other, consumer = connect()
    deliveries = take(consumer, 4)
    expect(marks(deliveries), [(b'a', True), (b'b', True), (b'c', False), (b'd', False)])
    consumer.basic_recover(requeue=True)
    expect(marks(take(consumer, 4)), [(body, True) for body in (b'a', b'b', b'c', b'd')])
    # Cancelling puts what lies unread back; closing the channel gives back what is unacknowledged.
    consumer.cancel()
    other.close()
    method, _, body = channel.basic_get(QUEUE)
    expect((body, method.redelivered, method.message_count), (b'a', True, 3))
    channel.basic_ack(method.delivery_tag)
    channel.queue_purge(QUEUE)


def properties(connection, channel):
    sent = pika.BasicProperties(
        content_type='application/json', content_encoding='utf-8', delivery_mode=2, priority=5, correlation_id='c',
        reply_to='r', expiration='60000', message_id='m', timestamp=1700000000, type='t', user_id='guest', app_id='a',
        headers={'text': 'ä', 'int': 5, 'long': 2**40, 'negative': -1, 'yes': True, 'none': None, 'list': ['x', 1],
                 'table': {'deep': {'er': 'end'}}},
    )
    body = os.urandom(300_000)
    channel.basic_publish('', QUEUE, body, sent)
    _, received, received_body = channel.basic_get(QUEUE, auto_ack=True)
    assert received_body == body, 'another body came back'
    expect(vars(received), vars(sent))
    expect(channel.basic_get(QUEUE), (None, None, None))


def routing(connection, channel):
    exchange = f'{QUEUE}-topic'
    channel.exchange_declare(exchange, 'topic', auto_delete=True)
    channel.queue_bind(QUEUE, exchange, 'a.*')
    mine = channel.queue_declare('', exclusive=True).method.queue
    assert mine.startswith('amq.gen-'), mine
    channel.queue_bind(mine, exchange, '#')
    for key in ('a.b', 'a.b.c', 'x'):
        channel.basic_publish(exchange, key, key.encode())
    expect([body for _, _, body in take(channel, 3, mine, auto_ack=True)], [b'a.b', b'a.b.c', b'x'])
    channel.cancel()
    expect(channel.basic_get(QUEUE, auto_ack=True)[2], b'a.b')
    expect(count(channel), 0)


def transactions(connection, channel):
    transaction = connection.channel()
    transaction.tx_select()
    transaction.basic_publish('', QUEUE, b'undone')
    transaction.tx_rollback()
    transaction.basic_publish('', QUEUE, b'done', PERSISTENT)
    expect(count(channel), 0)
    transaction.tx_commit()
    method, _, body = transaction.basic_get(QUEUE)
    expect(body, b'done')
    transaction.basic_ack(method.delivery_tag)
    transaction.tx_commit()
    transaction.close()
    expect(count(channel), 0)


def errors(connection, channel):
    def refused(code, text, call, *parameters, **options):
        broken = connection.channel()
        try:
            call(broken, *parameters, **options)
        except pika.exceptions.ChannelClosedByBroker as error:
            assert (error.reply_code, text in error.reply_text) == (code, True), error
        else:
            raise AssertionError(f'{call} {parameters} was allowed')
    blocking = pika.adapters.blocking_connection.BlockingChannel
    refused(406, "inequivalent arg 'durable' for queue", blocking.queue_declare, QUEUE, durable=False)
    refused(404, "no queue 'no-such-queue' in vhost '/'", blocking.queue_declare, 'no-such-queue', passive=True)
    refused(403, "queue name 'amq.mine' contains reserved prefix 'amq.*'", blocking.queue_declare, 'amq.mine')
    # The connection goes on; one more wrong thing ends it, with its reason.
    expect(count(channel), 0)
    try:
        channel.exchange_declare('mine', 'no-such-type')
    except pika.exceptions.ConnectionClosedByBroker as error:
        assert (error.reply_code, "unknown exchange type 'no-such-type'" in error.reply_text) == (503, True), error
    else:
        raise AssertionError('an unknown exchange type was allowed')
    other, channel = connect()
    channel.queue_delete(QUEUE)
    other.close()


def main():
    connection, channel = connect()
    for step in (confirms, returns, settlements, redelivery, properties, routing, transactions, errors):
        step(connection, channel)
        print('ok', step.__name__, flush=True)


sys.exit(main())

"""What kombu programs do with a broker, over py-amqp. Prints `ok <step>` after each step; a failure is a traceback."""
import os
import socket
import sys
import uuid

import amqp.exceptions
from kombu import Connection, Consumer, Exchange, Producer, Queue

URL = os.environ['AMQP_URL']
NAME = f'kombu-{uuid.uuid4().hex[:8]}'
EXCHANGE = Exchange(NAME, type='topic', durable=True)
QUEUE = Queue(NAME, exchange=EXCHANGE, routing_key='task.#', durable=True)


def connect():
    return Connection(URL, transport_options={'confirm_publish': True}, connect_timeout=10)


def expect(found, wanted):
    assert found == wanted, f'expected {wanted!r}, got {found!r}'


def count(connection):
    channel = connection.channel()
    try:
        return QUEUE(channel).queue_declare(passive=True).message_count
    finally:
        channel.close()


def publish(connection, *bodies):
    producer = Producer(connection.channel(), exchange=EXCHANGE, serializer='json')
    for body in bodies:
        producer.publish(body, routing_key='task.new', delivery_mode=2, declare=[QUEUE])
    producer.channel.close()


class Taker:
    """A consumer that keeps what it is given until told what to do with it."""

    def __init__(self, connection, prefetch):
        self.connection, self.messages = connection, []
        self.consumer = Consumer(connection.channel(), queues=[QUEUE], on_message=self.messages.append, prefetch_count=prefetch)
        self.consumer.consume()

    def take(self, number):
        while len(self.messages) < number:
            self.connection.drain_events(timeout=10)
        taken, self.messages[:] = self.messages[:number], self.messages[number:]
        return taken


def marks(messages):
    return [(message.decode(), bool(message.delivery_info['redelivered'])) for message in messages]


def identity(connection):
    connection.ensure_connection(max_retries=1)
    properties = connection.connection.server_properties
    expect(properties['product'], 'RabbitMQ')
    assert [int(part) for part in properties['version'].split('.')[:2]] >= [3, 3], properties['version']
    assert properties['capabilities']['consumer_cancel_notify'] is True, properties
    assert connection.qos_semantics_matches_spec is False, 'kombu believes that prefetch counts per channel'


def confirms(connection):
    publish(connection, *[{'number': number} for number in range(50)])
    expect(count(connection), 50)
    taker = Taker(connection, prefetch=0)
    messages = taker.take(50)
    expect([message.decode()['number'] for message in messages], list(range(50)))
    for message in messages:
        message.ack()
    taker.consumer.channel.close()
    expect(count(connection), 0)


def returns(connection):
    returned = []
    channel = connection.channel()
    producer = Producer(channel, exchange=EXCHANGE, on_return=lambda *what: returned.append(what))
    producer.publish('lost?', routing_key='nobody', mandatory=True)
    [(exception, exchange, routing_key, message)] = returned
    expect((exception.reply_code, exception.reply_text), (312, 'NO_ROUTE'))
    expect((exchange, routing_key, message.body), (NAME, 'nobody', 'lost?'))
    channel.close()


def settlements(connection):
    publish(connection, 'one', 'two', 'three')
    taker = Taker(connection, prefetch=1)
    [one] = taker.take(1)
    expect(count(connection), 2)
    one.requeue()
    [again] = taker.take(1)
    expect(marks([again]), [('one', True)])
    again.ack()
    [two] = taker.take(1)
    two.reject()
    [three] = taker.take(1)
    expect(marks([three]), [('three', False)])
    three.ack()
    taker.consumer.channel.close()
    expect(count(connection), 0)


def redelivery(connection):
    publish(connection, 'a', 'b', 'c')
    lost = connect()
    Taker(lost, prefetch=2).take(2)
    lost.connection.sock.shutdown(socket.SHUT_RDWR)
    taker = Taker(connection, prefetch=0)
    messages = taker.take(3)
    expect(marks(messages), [('a', True), ('b', True), ('c', False)])
    taker.consumer.recover(requeue=True)
    again = taker.take(3)
    expect(marks(again), [('a', True), ('b', True), ('c', True)])
    again[-1].ack(multiple=True)
    taker.consumer.channel.close()
    expect(count(connection), 0)


def simple_queue(connection):
    with connection.SimpleQueue(f'{NAME}-simple') as simple:
        simple.put({'hello': ['world', 1, None]}, headers={'n': 2**40}, compression='zlib')
        message = simple.get(timeout=10)
        expect((message.payload, message.headers['n']), ({'hello': ['world', 1, None]}, 2**40))
        message.ack()
        expect(len(simple), 0)
    channel = connection.channel()
    expect(simple.queue(channel).delete(), 0)
    channel.close()


def heartbeat_and_errors(connection):
    expect(connection.connection.heartbeat, 0)
    beating = Connection(URL, heartbeat=10)
    beating.connect()
    expect(beating.connection.heartbeat, 10)
    beating.heartbeat_check()
    beating.close()
    channel = connection.channel()
    try:
        Queue(NAME, durable=False)(channel).queue_declare()
    except amqp.exceptions.PreconditionFailed as error:
        assert "inequivalent arg 'durable'" in str(error), error
    else:
        raise AssertionError('a queue declared otherwise was allowed')
    expect(count(connection), 0)
    last = connection.channel()
    QUEUE(last).delete()
    EXCHANGE(last).delete()


with connect() as main:
    for step in (identity, confirms, returns, settlements, redelivery, simple_queue, heartbeat_and_errors):
        step(main)
        print('ok', step.__name__, flush=True)
sys.exit(0)

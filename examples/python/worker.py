#!/usr/bin/env python3
"""Works through the queue, one task at a time, a second for each dot in it. Start as many of these as you like."""
import os
import time

import pika

parameters = pika.URLParameters(os.environ.get('AMQP_URL', 'amqp://guest:guest@localhost:5672/%2F'))
# How many tasks the broker may give us before we acknowledged the first. 0: as many as there are.
prefetch = int(os.environ.get('PREFETCH', '1'))


def work(channel, method, properties, body):
    print(f' [x] Received {body}' + (' (redelivered)' if method.redelivered else ''), flush=True)
    time.sleep(body.count(b'.'))
    # Only now the broker forgets the task. Had we died before this line, another worker would be given it.
    channel.basic_ack(delivery_tag=method.delivery_tag)
    print(' [x] Done', flush=True)


connection = pika.BlockingConnection(parameters)
try:
    channel = connection.channel()
    channel.queue_declare(queue='task_queue', durable=True)
    channel.basic_qos(prefetch_count=prefetch)
    channel.basic_consume(queue='task_queue', on_message_callback=work)
    print(' [*] Waiting for messages. To exit press CTRL+C', flush=True)
    channel.start_consuming()
except KeyboardInterrupt:
    print(' [*] Interrupted', flush=True)
    connection.close()

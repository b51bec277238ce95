#!/usr/bin/env python3
"""Puts tasks into the work queue: ten of them, or one given as arguments. Each dot in a task is a second of work."""
import os
import sys

import pika

parameters = pika.URLParameters(os.environ.get('AMQP_URL', 'amqp://guest:guest@localhost:5672/%2F'))
tasks = [' '.join(sys.argv[1:])] if len(sys.argv) > 1 else [f'Hello World: {number}' for number in range(10)]

connection = pika.BlockingConnection(parameters)
channel = connection.channel()

# Durable: the queue itself is still there after the broker was restarted. Persistent (below): so are its messages.
channel.queue_declare(queue='task_queue', durable=True)
# With confirms on, basic_publish returns only when the broker has the message safely.
channel.confirm_delivery()

for task in tasks:
    channel.basic_publish(
        exchange='',
        routing_key='task_queue',
        body=task.encode(),
        properties=pika.BasicProperties(delivery_mode=pika.spec.PERSISTENT_DELIVERY_MODE),
    )
    print(f" [x] Sent '{task}'")

connection.close()

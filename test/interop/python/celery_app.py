"""A Celery application as people write them: tasks with late acknowledgement, retries, countdowns, and a report of what ran.

`python celery_app.py add`, `long` or `send COUNT` sends tasks; `celery -A celery_app worker` works. Each run of a task is a line in the
file REPORT. No result backend: the broker is all there is.
"""
import os
import sys
import time

from celery import Celery
from kombu import Queue

app = Celery('leveret', broker=os.environ['AMQP_URL'])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_default_queue=os.environ['CELERY_QUEUE'],
    task_queues=[Queue(os.environ['CELERY_QUEUE'], durable=True)],
    task_ignore_result=True,
    broker_transport_options={'confirm_publish': True},
    worker_hijack_root_logger=False,
)


def report(*words):
    with open(os.environ['REPORT'], 'a') as file:
        print(*words, file=file, flush=True)


@app.task(name='add')
def add(one, two):
    report('add', one, two, one + two)


@app.task(name='flaky', bind=True, max_retries=3)
def flaky(self, succeeds_at):
    report('flaky', self.request.retries)
    if self.request.retries < succeeds_at:
        raise self.retry(countdown=0)


@app.task(name='later')
def later(word):
    report('later', word)


@app.task(name='long', bind=True)
def long(self, seconds):
    redelivered = bool(self.request.delivery_info['redelivered'])
    report('long', 'redelivered' if redelivered else 'first')
    if not redelivered:
        time.sleep(seconds)
    report('long', 'done')


if __name__ == '__main__':
    if sys.argv[1] == 'add':
        add.delay(1, 2)
    elif sys.argv[1] == 'long':
        long.delay(3600)
    else:
        for number in range(int(sys.argv[2])):
            add.delay(number, 1)
        flaky.delay(2)
        later.apply_async(['soon'], countdown=1)
    print('sent')

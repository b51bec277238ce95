// What programs with RabbitMQ's Go client do with a broker. Prints `ok <step>` after each step; any failure is a panic.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 10 * time.Second

var queue = fmt.Sprintf("go-%x", random(4))

// client is a connection with a channel that has confirms on.
type client struct {
	*amqp.Channel
	connection *amqp.Connection
	socket     net.Conn
	confirms   chan amqp.Confirmation
	returns    chan amqp.Return
}

func connect() *client {
	c := &client{}
	config := amqp.Config{Dial: func(network, address string) (socket net.Conn, err error) {
		socket, err = amqp.DefaultDial(patience)(network, address)
		c.socket = socket
		return
	}}
	c.connection = must(amqp.DialConfig(os.Getenv("AMQP_URL"), config))
	c.Channel = must(c.connection.Channel())
	check(c.Confirm(false))
	c.confirms = c.NotifyPublish(make(chan amqp.Confirmation, 100))
	c.returns = c.NotifyReturn(make(chan amqp.Return, 1))
	return c
}

// send publishes without waiting for the confirm and gives the number of the publish.
func (c *client) send(exchange, key string, message amqp.Publishing) uint64 {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return must(c.PublishWithDeferredConfirmWithContext(ctx, exchange, key, true, false, message)).DeliveryTag
}

// publish puts persistent messages into the queue and waits until they are confirmed.
func (c *client) publish(bodies ...string) {
	for _, body := range bodies {
		c.confirmed(c.send("", queue, persistent(body)))
	}
}

// confirmed waits for the confirm of a publish. DeferredConfirmation.Wait would not do: in version 1.5 of the client it
// misses a confirm that arrives before the call that publishes has returned.
func (c *client) confirmed(number uint64) {
	expect(next(c.confirms), amqp.Confirmation{DeliveryTag: number, Ack: true})
}

func (c *client) consume(from string, autoAck bool) <-chan amqp.Delivery {
	return must(c.Consume(from, "", autoAck, false, false, false, nil))
}

func (c *client) get(autoAck bool) amqp.Delivery {
	delivery, found, err := c.Get(queue, autoAck)
	check(err)
	expect(found, true)
	return delivery
}

func (c *client) declare(durable bool) (amqp.Queue, error) {
	return c.QueueDeclare(queue, durable, false, false, false, nil)
}

// count is the number of messages in the queue that no consumer has.
func (c *client) count() int {
	return must(c.QueueDeclarePassive(queue, true, false, false, false, nil)).Messages
}

// untilCount waits for what the broker does when it notices a lost connection, of which nobody is told.
func (c *client) untilCount(wanted int) {
	for until := time.Now().Add(patience); c.count() != wanted; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			expect(c.count(), wanted)
		}
	}
}

func confirms(c *client) {
	must(c.declare(true))
	for number := uint64(1); number <= 100; number++ {
		expect(c.send("", queue, persistent(fmt.Sprint(number))), number)
	}
	for number := uint64(1); number <= 100; number++ {
		c.confirmed(number)
	}
	expect(c.count(), 100)
	expect(must(c.QueuePurge(queue, false)), 100)
}

func returns(c *client) {
	c.confirmed(c.send("", "no-such-queue", amqp.Publishing{MessageId: "m", Body: []byte("lost?")}))
	// A message comes back before it is confirmed, so there is nothing left to wait for.
	select {
	case message := <-c.returns:
		expect(message.ReplyCode, uint16(amqp.NoRoute))
		expect(message.ReplyText, "NO_ROUTE")
		expect(message.RoutingKey, "no-such-queue")
		expect(message.MessageId, "m")
		expect(string(message.Body), "lost?")
	default:
		panic("the message was not returned")
	}
}

func settlements(c *client) {
	c.publish("one", "two", "three")
	other := connect()
	check(other.Qos(2, 0, false))
	deliveries := other.consume(queue, false)
	first := take(deliveries, 2)
	expect(marks(first), []mark{{"one", false}, {"two", false}})
	expect(c.count(), 1)
	check(first[0].Nack(false, true))
	expect(marks(take(deliveries, 1)), []mark{{"one", true}})
	check(first[1].Reject(false))
	third := next(deliveries)
	expect(marks([]amqp.Delivery{third}), []mark{{"three", false}})
	check(third.Ack(true))
	check(other.connection.Close())
	expect(c.count(), 0)
}

func redelivery(c *client) {
	c.publish("a", "b", "c", "d")
	lost := connect()
	ended := lost.connection.NotifyClose(make(chan *amqp.Error, 1))
	check(lost.Qos(2, 0, false))
	take(lost.consume(queue, false), 2)
	// No word of AMQP: the socket is cut.
	check(lost.socket.Close())
	expect(next(ended).Server, false)
	c.untilCount(4)
	other := connect()
	deliveries := other.consume(queue, false)
	expect(marks(take(deliveries, 4)), []mark{{"a", true}, {"b", true}, {"c", false}, {"d", false}})
	check(other.Recover(true))
	expect(marks(take(deliveries, 4)), []mark{{"a", true}, {"b", true}, {"c", true}, {"d", true}})
	// Closing gives back what is unacknowledged.
	check(other.connection.Close())
	delivery := c.get(false)
	expect(marks([]amqp.Delivery{delivery}), []mark{{"a", true}})
	expect(delivery.MessageCount, uint32(3))
	check(delivery.Ack(false))
	expect(must(c.QueuePurge(queue, false)), 3)
}

func properties(c *client) {
	sent := amqp.Publishing{
		ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp.Persistent, Priority: 5,
		CorrelationId: "c", ReplyTo: "r", Expiration: "60000", MessageId: "m", Timestamp: time.Unix(1700000000, 0),
		Type: "t", UserId: "guest", AppId: "a",
		Headers: amqp.Table{
			"text": "ä", "bytes": []byte{0, 255}, "yes": true, "none": nil, "time": time.Unix(1700000000, 0),
			"uint8": uint8(200), "int8": int8(-1), "int16": int16(-300), "int32": int32(-70000), "int64": int64(1) << 40,
			"float32": float32(0.5), "float64": 0.1, "decimal": amqp.Decimal{Scale: 2, Value: 314},
			"list": []interface{}{"x", int32(1)}, "table": amqp.Table{"deep": amqp.Table{"er": "end"}},
		},
	}
	withBody := sent
	withBody.Body = random(300_000)
	c.confirmed(c.send("", queue, withBody))
	received := c.get(true)
	expect(bytes.Equal(received.Body, withBody.Body), true)
	expect(amqp.Publishing{
		ContentType: received.ContentType, ContentEncoding: received.ContentEncoding, DeliveryMode: received.DeliveryMode,
		Priority: received.Priority, CorrelationId: received.CorrelationId, ReplyTo: received.ReplyTo,
		Expiration: received.Expiration, MessageId: received.MessageId, Timestamp: received.Timestamp,
		Type: received.Type, UserId: received.UserId, AppId: received.AppId,
		Headers: received.Headers,
	}, sent)
	_, found, err := c.Get(queue, true)
	check(err)
	expect(found, false)
}

func routing(c *client) {
	exchange := queue + "-topic"
	check(c.ExchangeDeclare(exchange, amqp.ExchangeTopic, false, true, false, false, nil))
	check(c.QueueBind(queue, "a.*", exchange, false, nil))
	mine := must(c.QueueDeclare("", false, false, true, false, nil)).Name
	expect(strings.HasPrefix(mine, "amq.gen-"), true)
	check(c.QueueBind(mine, "#", exchange, false, nil))
	for _, key := range []string{"a.b", "a.b.c", "x"} {
		c.confirmed(c.send(exchange, key, amqp.Publishing{Body: []byte(key)}))
	}
	expect(marks(take(c.consume(mine, true), 3)), []mark{{"a.b", false}, {"a.b.c", false}, {"x", false}})
	expect(string(c.get(true).Body), "a.b")
	expect(c.count(), 0)
	check(c.QueueUnbind(queue, "a.*", exchange, nil))
}

func transactions(c *client) {
	transaction := must(c.connection.Channel())
	publish := func(body string) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		check(transaction.PublishWithContext(ctx, "", queue, true, false, persistent(body)))
	}
	check(transaction.Tx())
	publish("undone")
	check(transaction.TxRollback())
	publish("done")
	expect(c.count(), 0)
	check(transaction.TxCommit())
	delivery, _, err := transaction.Get(queue, false)
	check(err)
	expect(string(delivery.Body), "done")
	check(delivery.Ack(false))
	check(transaction.TxCommit())
	check(transaction.Close())
	expect(c.count(), 0)
}

func failures(c *client) {
	refused := func(code int, reason string, call func(broken *client) error) {
		broken := &client{Channel: must(c.connection.Channel())}
		closed := broken.NotifyClose(make(chan *amqp.Error, 1))
		if err := call(broken); err != nil {
			expectError(err, code, reason)
		}
		expectError(next(closed), code, reason)
		expect(broken.Qos(1, 0, false), amqp.ErrClosed)
	}
	inequivalent := fmt.Sprintf("inequivalent arg 'durable' for queue '%v' in vhost '/'", queue)
	refused(406, "PRECONDITION_FAILED - "+inequivalent+": received 'false' but current is 'true'",
		func(broken *client) error {
			_, err := broken.declare(false)
			return err
		})
	refused(404, "NOT_FOUND - no queue 'no-such-queue' in vhost '/'",
		func(broken *client) error {
			_, err := broken.Consume("no-such-queue", "", false, false, false, false, nil)
			return err
		})
	refused(403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
		func(broken *client) error {
			_, err := broken.QueueDeclare("amq.mine", false, false, false, false, nil)
			return err
		})
	refused(406, "PRECONDITION_FAILED - unknown delivery tag 99",
		func(broken *client) error {
			return broken.Ack(99, false)
		})
	// The connection goes on; one more wrong thing ends it, with its reason.
	expect(c.count(), 0)
	ended := c.connection.NotifyClose(make(chan *amqp.Error, 1))
	err := c.ExchangeDeclare("mine", "no-such-type", false, false, false, false, nil)
	expectError(err, 503, "COMMAND_INVALID - unknown exchange type 'no-such-type'")
	expectError(next(ended), 503, "COMMAND_INVALID - unknown exchange type 'no-such-type'")
	// A consumer is told that its queue is gone.
	other := connect()
	cancelled := other.NotifyCancel(make(chan string, 1))
	must(other.Consume(queue, "tag", false, false, false, false, nil))
	must(other.QueueDelete(queue, false, false, false))
	expect(next(cancelled), "tag")
	check(other.connection.Close())
}

type mark struct {
	body        string
	redelivered bool
}

func marks(deliveries []amqp.Delivery) (all []mark) {
	for _, delivery := range deliveries {
		all = append(all, mark{string(delivery.Body), delivery.Redelivered})
	}
	return
}

func take(deliveries <-chan amqp.Delivery, count int) (taken []amqp.Delivery) {
	for len(taken) < count {
		taken = append(taken, next(deliveries))
	}
	return
}

// next gives what comes from a channel next, and does not wait longer than patience for it.
func next[T any](channel <-chan T) T {
	select {
	case value, open := <-channel:
		if !open {
			panic(fmt.Sprintf("%T was closed", channel))
		}
		return value
	case <-time.After(patience):
		panic(fmt.Sprintf("nothing came from %T within %v", channel, patience))
	}
}

func persistent(body string) amqp.Publishing {
	return amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)}
}

func random(size int) []byte {
	data := make([]byte, size)
	must(rand.Read(data))
	return data
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func expect(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		panic(fmt.Sprintf("expected %v, got %v", wanted, found))
	}
}

// expectError checks an error that the broker gave as the reason for closing a channel or the connection.
func expectError(err error, code int, reason string) {
	var found *amqp.Error
	if !errors.As(err, &found) {
		panic(fmt.Sprintf("expected %v %v, got %v", code, reason, err))
	}
	expect([]any{found.Code, found.Reason, found.Server}, []any{code, reason, true})
}

func main() {
	c := connect()
	steps := []struct {
		name string
		run  func(*client)
	}{
		{"confirms", confirms},
		{"returns", returns},
		{"settlements", settlements},
		{"redelivery", redelivery},
		{"properties", properties},
		{"routing", routing},
		{"transactions", transactions},
		{"errors", failures},
	}
	for _, step := range steps {
		step.run(c)
		fmt.Println("ok", step.name)
	}
}

"""One message of each version over WebSocket: python3 paho-ways.py PORT AUTHORITY PASSWORD; tells what came back."""

import sys
import threading

import paho.mqtt.client as mqtt

PORT, AUTHORITY, PASSWORD = int(sys.argv[1]), sys.argv[2], sys.argv[3]
TOPIC = "iot/ways/in/paho/telemetry"
PATIENCE = 20


def waited(event, what):
    """Waits for an event; ends the program with what was waited for when it does not come."""
    if not event.wait(PATIENCE):
        sys.exit("waited in vain for " + what)


for version in (4, 5):
    protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
    kind = {"callback_api_version": mqtt.CallbackAPIVersion.VERSION1} if hasattr(mqtt, "CallbackAPIVersion") else {}
    client = mqtt.Client(client_id="ways-%d" % version, protocol=protocol, transport="websockets", **kind)
    client.ws_set_options(path="/mqtt")
    if AUTHORITY:
        client.tls_set(ca_certs=AUTHORITY)
        client.username_pw_set("paho", PASSWORD)
    connected, subscribed, received = threading.Event(), threading.Event(), threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client, _userdata, message):
        print("SEEN %d %s" % (version, message.payload.decode()))
        received.set()

    client.on_message = on_message
    client.connect("localhost" if AUTHORITY else "127.0.0.1", PORT)
    client.loop_start()
    waited(connected, "CONNACK")
    client.subscribe(TOPIC, 1)
    waited(subscribed, "SUBACK")
    client.publish(TOPIC, '{"v":%d}' % version, qos=1)
    waited(received, "the message")
    client.disconnect()
    client.loop_stop()

"""What a program with Eclipse Paho does with a broker: python3 paho-scenario.py PORT; tells what it saw as JSON."""

import json
import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt

PORT = int(sys.argv[1])
PATIENCE = 20


def wait_for(what, look):
    """Waits until look() is true; ends the program with what was waited for when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            sys.exit("waited in vain for " + what)
        time.sleep(0.01)


class Friend:
    """A client in a thread of its own, with what it received and how its connection ended."""

    def __init__(self, version, client_id, keepalive=60, will=None, clean=True):
        protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
        kind = {} if version == 5 else {"clean_session": clean}
        if hasattr(mqtt, "CallbackAPIVersion"):
            kind["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        self.client = mqtt.Client(client_id=client_id, protocol=protocol, **kind)
        self.received = []
        self.ends = []
        self.granted = []
        self.connected = threading.Event()
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_message = lambda _c, _u, m: self.received.append(
            {"topic": m.topic, "text": m.payload.decode(), "qos": m.qos, "retain": bool(m.retain)}
        )
        self.client.on_subscribe = lambda _c, _u, _mid, granted, *_: self.granted.extend(
            int(getattr(one, "value", one)) for one in granted
        )
        self.client.on_disconnect = self.on_disconnect
        if will:
            self.client.will_set(will, "gone", qos=1)
        self.client.connect("127.0.0.1", PORT, keepalive)
        self.client.loop_start()
        wait_for("CONNACK", self.connected.is_set)

    def on_disconnect(self, _client, _userdata, reason, *_):
        self.ends.append(int(getattr(reason, "value", reason)))
        # it does not connect again by itself
        self.client.loop_stop()

    def subscribe(self, topic, qos):
        before = len(self.granted)
        self.client.subscribe(topic, qos)
        wait_for("SUBACK", lambda: len(self.granted) > before)

    def publish(self, topic, text, qos, retain=False):
        info = self.client.publish(topic, text, qos=qos, retain=retain)
        info.wait_for_publish(PATIENCE)
        if not info.is_published():
            sys.exit("no acknowledgement of " + text)

    def leave(self):
        self.client.disconnect()
        wait_for("the goodbye", lambda: self.ends)


def scenario(version):
    name = "v%d" % version
    seen = {}
    reader = Friend(version, "paho-reader-" + name)
    reader.subscribe("paho/%s/+/x/#" % name, 2 if version == 4 else 1)
    seen["granted"] = reader.granted[0]

    writer = Friend(version, "paho-writer-" + name, keepalive=1)
    for i in range(90):
        qos = i % 3 if version == 4 else i % 2
        writer.publish("iot/paho/%s/pump/telemetry" % name, json.dumps({"n": i}), qos)
    writer.publish("paho/%s/a/x" % name, "zero", 0)
    writer.publish("paho/%s/b/x/y" % name, "one", 1)
    if version == 4:
        writer.publish("paho/%s/c/x/y/z" % name, "two", 2)
    writer.publish("paho/%s/x" % name, "none", 1)
    writer.publish("paho/%s/kept" % name, "kept", 1, retain=True)
    wait_for("the messages", lambda: len(reader.received) >= (3 if version == 4 else 2))
    seen["wildcards"] = reader.received[:]

    late = Friend(version, "paho-late-" + name)
    late.subscribe("paho/%s/kept" % name, 1)
    wait_for("the retained message", lambda: late.received)
    seen["retained"] = late.received[0]

    reader.subscribe("paho/%s/will" % name, 1)
    before = len(reader.received)
    dying = Friend(version, "paho-dying-" + name, will="paho/%s/will" % name)
    dying.client.socket().shutdown(socket.SHUT_RDWR)
    wait_for("the will", lambda: len(reader.received) > before)
    seen["will"] = reader.received[before]

    first = Friend(version, "paho-twice-" + name)
    second = Friend(version, "paho-twice-" + name)
    wait_for("the takeover", lambda: first.ends)
    seen["takeover"] = first.ends[0]
    second.publish("iot/paho/%s/after/telemetry" % name, '{"v":1}', 1)

    began = time.monotonic()
    wait_for("three times the keep-alive", lambda: time.monotonic() - began > 3)
    writer.publish("iot/paho/%s/alive/telemetry" % name, '{"v":1}', 1)
    seen["kept_alive"] = writer.ends == []
    for friend in (reader, writer, late, second):
        friend.leave()
    return seen


print("SEEN " + json.dumps({"v4": scenario(4), "v5": scenario(5)}))

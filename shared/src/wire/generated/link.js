/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const yiben = $root.yiben = (() => {

 const yiben = {};

 yiben.v1 = (function() {

  const v1 = {};

  v1.ToCollector = (function() {

   const ToCollector = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ToCollector.prototype.hello = null;
   ToCollector.prototype.proof = null;
   ToCollector.prototype.batch = null;
   ToCollector.prototype.heartbeat = null;
   ToCollector.prototype.event = null;
   ToCollector.prototype.leaseAnswer = null;
   ToCollector.prototype.leases = null;
   ToCollector.prototype.childAnswer = null;
   ToCollector.prototype.keyChange = null;
   ToCollector.prototype.trustKnown = null;

   let $oneOfFields;

   $Object.defineProperty(ToCollector.prototype, "message", {
    get: $util.oneOfGetter($oneOfFields = ["hello", "proof", "batch", "heartbeat", "event", "leaseAnswer", "leases", "childAnswer", "keyChange", "trustKnown"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   ToCollector.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.hello != null && $Object.hasOwnProperty.call(m, "hello"))
     $root.yiben.v1.Hello.encode(m.hello, w.uint32(10).fork(), q + 1).ldelim();
    if (m.proof != null && $Object.hasOwnProperty.call(m, "proof"))
     $root.yiben.v1.Proof.encode(m.proof, w.uint32(18).fork(), q + 1).ldelim();
    if (m.batch != null && $Object.hasOwnProperty.call(m, "batch"))
     $root.yiben.v1.Batch.encode(m.batch, w.uint32(26).fork(), q + 1).ldelim();
    if (m.heartbeat != null && $Object.hasOwnProperty.call(m, "heartbeat"))
     $root.yiben.v1.Heartbeat.encode(m.heartbeat, w.uint32(34).fork(), q + 1).ldelim();
    if (m.event != null && $Object.hasOwnProperty.call(m, "event"))
     $root.yiben.v1.Event.encode(m.event, w.uint32(42).fork(), q + 1).ldelim();
    if (m.leaseAnswer != null && $Object.hasOwnProperty.call(m, "leaseAnswer"))
     $root.yiben.v1.LeaseAnswer.encode(m.leaseAnswer, w.uint32(50).fork(), q + 1).ldelim();
    if (m.leases != null && $Object.hasOwnProperty.call(m, "leases"))
     $root.yiben.v1.Leases.encode(m.leases, w.uint32(58).fork(), q + 1).ldelim();
    if (m.childAnswer != null && $Object.hasOwnProperty.call(m, "childAnswer"))
     $root.yiben.v1.ChildAnswer.encode(m.childAnswer, w.uint32(130).fork(), q + 1).ldelim();
    if (m.keyChange != null && $Object.hasOwnProperty.call(m, "keyChange"))
     $root.yiben.v1.KeyChange.encode(m.keyChange, w.uint32(194).fork(), q + 1).ldelim();
    if (m.trustKnown != null && $Object.hasOwnProperty.call(m, "trustKnown"))
     $root.yiben.v1.TrustKnown.encode(m.trustKnown, w.uint32(202).fork(), q + 1).ldelim();
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ToCollector.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ToCollector();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.hello = $root.yiben.v1.Hello.decode(r, r.size(), $undefined, q + 1, m.hello);
       m.message = "hello";
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       m.proof = $root.yiben.v1.Proof.decode(r, r.size(), $undefined, q + 1, m.proof);
       m.message = "proof";
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       m.batch = $root.yiben.v1.Batch.decode(r, r.size(), $undefined, q + 1, m.batch);
       m.message = "batch";
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       m.heartbeat = $root.yiben.v1.Heartbeat.decode(r, r.size(), $undefined, q + 1, m.heartbeat);
       m.message = "heartbeat";
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       m.event = $root.yiben.v1.Event.decode(r, r.size(), $undefined, q + 1, m.event);
       m.message = "event";
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       m.leaseAnswer = $root.yiben.v1.LeaseAnswer.decode(r, r.size(), $undefined, q + 1, m.leaseAnswer);
       m.message = "leaseAnswer";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.leases = $root.yiben.v1.Leases.decode(r, r.size(), $undefined, q + 1, m.leases);
       m.message = "leases";
       continue;
      }
     case 16: {
       if (u !== 2)
        break;
       m.childAnswer = $root.yiben.v1.ChildAnswer.decode(r, r.size(), $undefined, q + 1, m.childAnswer);
       m.message = "childAnswer";
       continue;
      }
     case 24: {
       if (u !== 2)
        break;
       m.keyChange = $root.yiben.v1.KeyChange.decode(r, r.size(), $undefined, q + 1, m.keyChange);
       m.message = "keyChange";
       continue;
      }
     case 25: {
       if (u !== 2)
        break;
       m.trustKnown = $root.yiben.v1.TrustKnown.decode(r, r.size(), $undefined, q + 1, m.trustKnown);
       m.message = "trustKnown";
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ToCollector;
  })();

  v1.ToNode = (function() {

   const ToNode = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ToNode.prototype.challenge = null;
   ToNode.prototype.welcome = null;
   ToNode.prototype.refusal = null;
   ToNode.prototype.ack = null;
   ToNode.prototype.leaseQuery = null;
   ToNode.prototype.leaseNotice = null;
   ToNode.prototype.needFacts = null;
   ToNode.prototype.drain = null;
   ToNode.prototype.childAsk = null;
   ToNode.prototype.trustRoots = null;
   ToNode.prototype.rotateKey = null;

   let $oneOfFields;

   $Object.defineProperty(ToNode.prototype, "message", {
    get: $util.oneOfGetter($oneOfFields = ["challenge", "welcome", "refusal", "ack", "leaseQuery", "leaseNotice", "needFacts", "drain", "childAsk", "trustRoots", "rotateKey"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   ToNode.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.challenge != null && $Object.hasOwnProperty.call(m, "challenge"))
     $root.yiben.v1.Challenge.encode(m.challenge, w.uint32(10).fork(), q + 1).ldelim();
    if (m.welcome != null && $Object.hasOwnProperty.call(m, "welcome"))
     $root.yiben.v1.Welcome.encode(m.welcome, w.uint32(18).fork(), q + 1).ldelim();
    if (m.refusal != null && $Object.hasOwnProperty.call(m, "refusal"))
     $root.yiben.v1.Refusal.encode(m.refusal, w.uint32(26).fork(), q + 1).ldelim();
    if (m.ack != null && $Object.hasOwnProperty.call(m, "ack"))
     $root.yiben.v1.Ack.encode(m.ack, w.uint32(34).fork(), q + 1).ldelim();
    if (m.leaseQuery != null && $Object.hasOwnProperty.call(m, "leaseQuery"))
     $root.yiben.v1.LeaseQuery.encode(m.leaseQuery, w.uint32(42).fork(), q + 1).ldelim();
    if (m.leaseNotice != null && $Object.hasOwnProperty.call(m, "leaseNotice"))
     $root.yiben.v1.LeaseNotice.encode(m.leaseNotice, w.uint32(50).fork(), q + 1).ldelim();
    if (m.needFacts != null && $Object.hasOwnProperty.call(m, "needFacts"))
     $root.yiben.v1.NeedFacts.encode(m.needFacts, w.uint32(58).fork(), q + 1).ldelim();
    if (m.drain != null && $Object.hasOwnProperty.call(m, "drain"))
     $root.yiben.v1.Drain.encode(m.drain, w.uint32(66).fork(), q + 1).ldelim();
    if (m.childAsk != null && $Object.hasOwnProperty.call(m, "childAsk"))
     $root.yiben.v1.ChildAsk.encode(m.childAsk, w.uint32(74).fork(), q + 1).ldelim();
    if (m.trustRoots != null && $Object.hasOwnProperty.call(m, "trustRoots"))
     $root.yiben.v1.TrustRoots.encode(m.trustRoots, w.uint32(194).fork(), q + 1).ldelim();
    if (m.rotateKey != null && $Object.hasOwnProperty.call(m, "rotateKey"))
     $root.yiben.v1.RotateKey.encode(m.rotateKey, w.uint32(202).fork(), q + 1).ldelim();
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ToNode.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ToNode();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.challenge = $root.yiben.v1.Challenge.decode(r, r.size(), $undefined, q + 1, m.challenge);
       m.message = "challenge";
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       m.welcome = $root.yiben.v1.Welcome.decode(r, r.size(), $undefined, q + 1, m.welcome);
       m.message = "welcome";
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       m.refusal = $root.yiben.v1.Refusal.decode(r, r.size(), $undefined, q + 1, m.refusal);
       m.message = "refusal";
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       m.ack = $root.yiben.v1.Ack.decode(r, r.size(), $undefined, q + 1, m.ack);
       m.message = "ack";
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       m.leaseQuery = $root.yiben.v1.LeaseQuery.decode(r, r.size(), $undefined, q + 1, m.leaseQuery);
       m.message = "leaseQuery";
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       m.leaseNotice = $root.yiben.v1.LeaseNotice.decode(r, r.size(), $undefined, q + 1, m.leaseNotice);
       m.message = "leaseNotice";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.needFacts = $root.yiben.v1.NeedFacts.decode(r, r.size(), $undefined, q + 1, m.needFacts);
       m.message = "needFacts";
       continue;
      }
     case 8: {
       if (u !== 2)
        break;
       m.drain = $root.yiben.v1.Drain.decode(r, r.size(), $undefined, q + 1, m.drain);
       m.message = "drain";
       continue;
      }
     case 9: {
       if (u !== 2)
        break;
       m.childAsk = $root.yiben.v1.ChildAsk.decode(r, r.size(), $undefined, q + 1, m.childAsk);
       m.message = "childAsk";
       continue;
      }
     case 24: {
       if (u !== 2)
        break;
       m.trustRoots = $root.yiben.v1.TrustRoots.decode(r, r.size(), $undefined, q + 1, m.trustRoots);
       m.message = "trustRoots";
       continue;
      }
     case 25: {
       if (u !== 2)
        break;
       m.rotateKey = $root.yiben.v1.RotateKey.decode(r, r.size(), $undefined, q + 1, m.rotateKey);
       m.message = "rotateKey";
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ToNode;
  })();

  v1.Role = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "ROLE_UNSPECIFIED"] = 0;
   values[valuesById[1] = "ROLE_AGENT"] = 1;
   values[valuesById[2] = "ROLE_COLLECTOR"] = 2;
   return values;
  })();

  v1.Hello = (function() {

   const Hello = function (p) {
    this.capabilities = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Hello.prototype.wireVersion = 0;
   Hello.prototype.role = 0;
   Hello.prototype.capabilities = $util.emptyArray;
   Hello.prototype.programVersion = "";
   Hello.prototype.algorithm = 0;
   Hello.prototype.nodeKey = $util.newBuffer([]);
   Hello.prototype.fingerprint = $util.newBuffer([]);
   Hello.prototype.instance = $util.newBuffer([]);
   Hello.prototype.epoch = $util.newBuffer([]);
   Hello.prototype.previousEpoch = $util.newBuffer([]);
   Hello.prototype.bootId = "";
   Hello.prototype.lastSeq = 0;
   Hello.prototype.ackedSeq = 0;
   Hello.prototype.ackedHash = $util.newBuffer([]);
   Hello.prototype.joinState = 0;
   Hello.prototype.enrollTokenId = $util.newBuffer([]);
   Hello.prototype.nodeName = "";
   Hello.prototype.ledgerGeneration = 0;

   Hello.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.wireVersion != null && $Object.hasOwnProperty.call(m, "wireVersion") && m.wireVersion !== 0)
     w.uint32(8).uint32(m.wireVersion);
    if (m.role != null && $Object.hasOwnProperty.call(m, "role") && m.role !== 0)
     w.uint32(16).int32(m.role);
    if (m.capabilities != null && m.capabilities.length) {
     for (var i = 0; i < m.capabilities.length; ++i)
      w.uint32(26).string(m.capabilities[i]);
    }
    if (m.programVersion != null && $Object.hasOwnProperty.call(m, "programVersion") && m.programVersion !== "")
     w.uint32(34).string(m.programVersion);
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(40).uint32(m.algorithm);
    if (m.nodeKey != null && $Object.hasOwnProperty.call(m, "nodeKey") && m.nodeKey.length)
     w.uint32(50).bytes(m.nodeKey);
    if (m.fingerprint != null && $Object.hasOwnProperty.call(m, "fingerprint") && m.fingerprint.length)
     w.uint32(58).bytes(m.fingerprint);
    if (m.instance != null && $Object.hasOwnProperty.call(m, "instance") && m.instance.length)
     w.uint32(66).bytes(m.instance);
    if (m.epoch != null && $Object.hasOwnProperty.call(m, "epoch") && m.epoch.length)
     w.uint32(74).bytes(m.epoch);
    if (m.previousEpoch != null && $Object.hasOwnProperty.call(m, "previousEpoch") && m.previousEpoch.length)
     w.uint32(82).bytes(m.previousEpoch);
    if (m.bootId != null && $Object.hasOwnProperty.call(m, "bootId") && m.bootId !== "")
     w.uint32(90).string(m.bootId);
    if (m.lastSeq != null && $Object.hasOwnProperty.call(m, "lastSeq") && (typeof m.lastSeq === "object" ? m.lastSeq.low || m.lastSeq.high : m.lastSeq !== 0))
     w.uint32(96).uint64(m.lastSeq);
    if (m.ackedSeq != null && $Object.hasOwnProperty.call(m, "ackedSeq") && (typeof m.ackedSeq === "object" ? m.ackedSeq.low || m.ackedSeq.high : m.ackedSeq !== 0))
     w.uint32(104).uint64(m.ackedSeq);
    if (m.ackedHash != null && $Object.hasOwnProperty.call(m, "ackedHash") && m.ackedHash.length)
     w.uint32(114).bytes(m.ackedHash);
    if (m.joinState != null && $Object.hasOwnProperty.call(m, "joinState") && (typeof m.joinState === "object" ? m.joinState.low || m.joinState.high : m.joinState !== 0))
     w.uint32(120).uint64(m.joinState);
    if (m.enrollTokenId != null && $Object.hasOwnProperty.call(m, "enrollTokenId") && m.enrollTokenId.length)
     w.uint32(130).bytes(m.enrollTokenId);
    if (m.nodeName != null && $Object.hasOwnProperty.call(m, "nodeName") && m.nodeName !== "")
     w.uint32(138).string(m.nodeName);
    if (m.ledgerGeneration != null && $Object.hasOwnProperty.call(m, "ledgerGeneration") && (typeof m.ledgerGeneration === "object" ? m.ledgerGeneration.low || m.ledgerGeneration.high : m.ledgerGeneration !== 0))
     w.uint32(144).uint64(m.ledgerGeneration);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Hello.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Hello();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.wireVersion = v;
       else
        delete m.wireVersion;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.int32())
        m.role = v;
       else
        delete m.role;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if (!(m.capabilities && m.capabilities.length))
        m.capabilities = [];
       m.capabilities.push(r.stringVerify());
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.programVersion = v;
       else
        delete m.programVersion;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.nodeKey = v;
       else
        delete m.nodeKey;
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.fingerprint = v;
       else
        delete m.fingerprint;
       continue;
      }
     case 8: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.instance = v;
       else
        delete m.instance;
       continue;
      }
     case 9: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.epoch = v;
       else
        delete m.epoch;
       continue;
      }
     case 10: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.previousEpoch = v;
       else
        delete m.previousEpoch;
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.bootId = v;
       else
        delete m.bootId;
       continue;
      }
     case 12: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.lastSeq = v;
       else
        delete m.lastSeq;
       continue;
      }
     case 13: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.ackedSeq = v;
       else
        delete m.ackedSeq;
       continue;
      }
     case 14: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.ackedHash = v;
       else
        delete m.ackedHash;
       continue;
      }
     case 15: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.joinState = v;
       else
        delete m.joinState;
       continue;
      }
     case 16: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.enrollTokenId = v;
       else
        delete m.enrollTokenId;
       continue;
      }
     case 17: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.nodeName = v;
       else
        delete m.nodeName;
       continue;
      }
     case 18: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.ledgerGeneration = v;
       else
        delete m.ledgerGeneration;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Hello;
  })();

  v1.Challenge = (function() {

   const Challenge = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Challenge.prototype.nonce = $util.newBuffer([]);
   Challenge.prototype.serverTimeMs = 0;
   Challenge.prototype.algorithm = 0;
   Challenge.prototype.collectorKey = $util.newBuffer([]);
   Challenge.prototype.signature = $util.newBuffer([]);

   Challenge.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.nonce != null && $Object.hasOwnProperty.call(m, "nonce") && m.nonce.length)
     w.uint32(10).bytes(m.nonce);
    if (m.serverTimeMs != null && $Object.hasOwnProperty.call(m, "serverTimeMs") && (typeof m.serverTimeMs === "object" ? m.serverTimeMs.low || m.serverTimeMs.high : m.serverTimeMs !== 0))
     w.uint32(16).uint64(m.serverTimeMs);
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(24).uint32(m.algorithm);
    if (m.collectorKey != null && $Object.hasOwnProperty.call(m, "collectorKey") && m.collectorKey.length)
     w.uint32(34).bytes(m.collectorKey);
    if (m.signature != null && $Object.hasOwnProperty.call(m, "signature") && m.signature.length)
     w.uint32(42).bytes(m.signature);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Challenge.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Challenge();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.nonce = v;
       else
        delete m.nonce;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.serverTimeMs = v;
       else
        delete m.serverTimeMs;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.collectorKey = v;
       else
        delete m.collectorKey;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.signature = v;
       else
        delete m.signature;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Challenge;
  })();

  v1.Proof = (function() {

   const Proof = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Proof.prototype.signature = $util.newBuffer([]);
   Proof.prototype.enrollSecret = $util.newBuffer([]);

   Proof.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.signature != null && $Object.hasOwnProperty.call(m, "signature") && m.signature.length)
     w.uint32(10).bytes(m.signature);
    if (m.enrollSecret != null && $Object.hasOwnProperty.call(m, "enrollSecret") && m.enrollSecret.length)
     w.uint32(18).bytes(m.enrollSecret);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Proof.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Proof();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.signature = v;
       else
        delete m.signature;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.enrollSecret = v;
       else
        delete m.enrollSecret;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Proof;
  })();

  v1.Welcome = (function() {

   const Welcome = function (p) {
    this.capabilities = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Welcome.prototype.nodeId = "";
   Welcome.prototype.watermark = 0;
   Welcome.prototype.watermarkHash = $util.newBuffer([]);
   Welcome.prototype.ledgerGeneration = 0;
   Welcome.prototype.nextJoinState = 0;
   Welcome.prototype.serverTimeMs = 0;
   Welcome.prototype.settings = null;
   Welcome.prototype.windowFrames = 0;
   Welcome.prototype.windowBytes = 0;
   Welcome.prototype.identityKeyNumber = 0;
   Welcome.prototype.identityKey = $util.newBuffer([]);
   Welcome.prototype.capabilities = $util.emptyArray;

   Welcome.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.nodeId != null && $Object.hasOwnProperty.call(m, "nodeId") && m.nodeId !== "")
     w.uint32(10).string(m.nodeId);
    if (m.watermark != null && $Object.hasOwnProperty.call(m, "watermark") && (typeof m.watermark === "object" ? m.watermark.low || m.watermark.high : m.watermark !== 0))
     w.uint32(16).uint64(m.watermark);
    if (m.watermarkHash != null && $Object.hasOwnProperty.call(m, "watermarkHash") && m.watermarkHash.length)
     w.uint32(26).bytes(m.watermarkHash);
    if (m.ledgerGeneration != null && $Object.hasOwnProperty.call(m, "ledgerGeneration") && (typeof m.ledgerGeneration === "object" ? m.ledgerGeneration.low || m.ledgerGeneration.high : m.ledgerGeneration !== 0))
     w.uint32(32).uint64(m.ledgerGeneration);
    if (m.nextJoinState != null && $Object.hasOwnProperty.call(m, "nextJoinState") && (typeof m.nextJoinState === "object" ? m.nextJoinState.low || m.nextJoinState.high : m.nextJoinState !== 0))
     w.uint32(40).uint64(m.nextJoinState);
    if (m.serverTimeMs != null && $Object.hasOwnProperty.call(m, "serverTimeMs") && (typeof m.serverTimeMs === "object" ? m.serverTimeMs.low || m.serverTimeMs.high : m.serverTimeMs !== 0))
     w.uint32(48).uint64(m.serverTimeMs);
    if (m.settings != null && $Object.hasOwnProperty.call(m, "settings"))
     $root.yiben.v1.Settings.encode(m.settings, w.uint32(58).fork(), q + 1).ldelim();
    if (m.windowFrames != null && $Object.hasOwnProperty.call(m, "windowFrames") && m.windowFrames !== 0)
     w.uint32(64).uint32(m.windowFrames);
    if (m.windowBytes != null && $Object.hasOwnProperty.call(m, "windowBytes") && m.windowBytes !== 0)
     w.uint32(72).uint32(m.windowBytes);
    if (m.identityKeyNumber != null && $Object.hasOwnProperty.call(m, "identityKeyNumber") && m.identityKeyNumber !== 0)
     w.uint32(80).uint32(m.identityKeyNumber);
    if (m.identityKey != null && $Object.hasOwnProperty.call(m, "identityKey") && m.identityKey.length)
     w.uint32(90).bytes(m.identityKey);
    if (m.capabilities != null && m.capabilities.length) {
     for (var i = 0; i < m.capabilities.length; ++i)
      w.uint32(98).string(m.capabilities[i]);
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Welcome.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Welcome();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.nodeId = v;
       else
        delete m.nodeId;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.watermark = v;
       else
        delete m.watermark;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.watermarkHash = v;
       else
        delete m.watermarkHash;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.ledgerGeneration = v;
       else
        delete m.ledgerGeneration;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.nextJoinState = v;
       else
        delete m.nextJoinState;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.serverTimeMs = v;
       else
        delete m.serverTimeMs;
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.settings = $root.yiben.v1.Settings.decode(r, r.size(), $undefined, q + 1, m.settings);
       continue;
      }
     case 8: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.windowFrames = v;
       else
        delete m.windowFrames;
       continue;
      }
     case 9: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.windowBytes = v;
       else
        delete m.windowBytes;
       continue;
      }
     case 10: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.identityKeyNumber = v;
       else
        delete m.identityKeyNumber;
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.identityKey = v;
       else
        delete m.identityKey;
       continue;
      }
     case 12: {
       if (u !== 2)
        break;
       if (!(m.capabilities && m.capabilities.length))
        m.capabilities = [];
       m.capabilities.push(r.stringVerify());
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Welcome;
  })();

  v1.Settings = (function() {

   const Settings = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Settings.prototype.samplePeriodMs = 0;
   Settings.prototype.tickMs = 0;
   Settings.prototype.heartbeatMs = 0;

   Settings.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.samplePeriodMs != null && $Object.hasOwnProperty.call(m, "samplePeriodMs") && m.samplePeriodMs !== 0)
     w.uint32(8).uint32(m.samplePeriodMs);
    if (m.tickMs != null && $Object.hasOwnProperty.call(m, "tickMs") && m.tickMs !== 0)
     w.uint32(16).uint32(m.tickMs);
    if (m.heartbeatMs != null && $Object.hasOwnProperty.call(m, "heartbeatMs") && m.heartbeatMs !== 0)
     w.uint32(24).uint32(m.heartbeatMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Settings.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Settings();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.samplePeriodMs = v;
       else
        delete m.samplePeriodMs;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.tickMs = v;
       else
        delete m.tickMs;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.heartbeatMs = v;
       else
        delete m.heartbeatMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Settings;
  })();

  v1.Refusal = (function() {

   const Refusal = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Refusal.prototype.code = "";
   Refusal.prototype.sentence = "";
   Refusal.prototype.retryAfterMs = 0;

   Refusal.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.code != null && $Object.hasOwnProperty.call(m, "code") && m.code !== "")
     w.uint32(10).string(m.code);
    if (m.sentence != null && $Object.hasOwnProperty.call(m, "sentence") && m.sentence !== "")
     w.uint32(18).string(m.sentence);
    if (m.retryAfterMs != null && $Object.hasOwnProperty.call(m, "retryAfterMs") && m.retryAfterMs !== 0)
     w.uint32(24).uint32(m.retryAfterMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Refusal.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Refusal();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.code = v;
       else
        delete m.code;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.sentence = v;
       else
        delete m.sentence;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.retryAfterMs = v;
       else
        delete m.retryAfterMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Refusal;
  })();

  v1.Batch = (function() {

   const Batch = function (p) {
    this.records = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Batch.prototype.firstSeq = 0;
   Batch.prototype.previousHash = $util.newBuffer([]);
   Batch.prototype.records = $util.emptyArray;
   Batch.prototype.lostCount = 0;

   Batch.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.firstSeq != null && $Object.hasOwnProperty.call(m, "firstSeq") && (typeof m.firstSeq === "object" ? m.firstSeq.low || m.firstSeq.high : m.firstSeq !== 0))
     w.uint32(8).uint64(m.firstSeq);
    if (m.previousHash != null && $Object.hasOwnProperty.call(m, "previousHash") && m.previousHash.length)
     w.uint32(18).bytes(m.previousHash);
    if (m.records != null && m.records.length) {
     for (var i = 0; i < m.records.length; ++i)
      w.uint32(26).bytes(m.records[i]);
    }
    if (m.lostCount != null && $Object.hasOwnProperty.call(m, "lostCount") && m.lostCount !== 0)
     w.uint32(32).uint32(m.lostCount);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Batch.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Batch();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.firstSeq = v;
       else
        delete m.firstSeq;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.previousHash = v;
       else
        delete m.previousHash;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if (!(m.records && m.records.length))
        m.records = [];
       m.records.push(r.bytes());
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.lostCount = v;
       else
        delete m.lostCount;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Batch;
  })();

  v1.Record = (function() {

   const Record = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Record.prototype.facts = null;
   Record.prototype.gap = null;
   Record.prototype.policy = null;
   Record.prototype.veto = null;
   Record.prototype.lost = null;
   Record.prototype.goodbye = null;
   Record.prototype.lease = null;
   Record.prototype.intervals = null;
   Record.prototype.collectorReport = null;
   Record.prototype.siteReport = null;
   Record.prototype.nodeReport = null;
   Record.prototype.hourReport = null;
   Record.prototype.countsReport = null;
   Record.prototype.checkpointReport = null;

   let $oneOfFields;

   $Object.defineProperty(Record.prototype, "kind", {
    get: $util.oneOfGetter($oneOfFields = ["facts", "gap", "policy", "veto", "lost", "goodbye", "lease", "intervals", "collectorReport", "siteReport", "nodeReport", "hourReport", "countsReport", "checkpointReport"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   Record.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.facts != null && $Object.hasOwnProperty.call(m, "facts"))
     $root.yiben.v1.Facts.encode(m.facts, w.uint32(10).fork(), q + 1).ldelim();
    if (m.gap != null && $Object.hasOwnProperty.call(m, "gap"))
     $root.yiben.v1.Gap.encode(m.gap, w.uint32(26).fork(), q + 1).ldelim();
    if (m.policy != null && $Object.hasOwnProperty.call(m, "policy"))
     $root.yiben.v1.Policy.encode(m.policy, w.uint32(34).fork(), q + 1).ldelim();
    if (m.veto != null && $Object.hasOwnProperty.call(m, "veto"))
     $root.yiben.v1.VetoRecord.encode(m.veto, w.uint32(42).fork(), q + 1).ldelim();
    if (m.lost != null && $Object.hasOwnProperty.call(m, "lost"))
     $root.yiben.v1.Lost.encode(m.lost, w.uint32(50).fork(), q + 1).ldelim();
    if (m.goodbye != null && $Object.hasOwnProperty.call(m, "goodbye"))
     $root.yiben.v1.Goodbye.encode(m.goodbye, w.uint32(58).fork(), q + 1).ldelim();
    if (m.lease != null && $Object.hasOwnProperty.call(m, "lease"))
     $root.yiben.v1.LeaseRecord.encode(m.lease, w.uint32(66).fork(), q + 1).ldelim();
    if (m.intervals != null && $Object.hasOwnProperty.call(m, "intervals"))
     $root.yiben.v1.Intervals.encode(m.intervals, w.uint32(74).fork(), q + 1).ldelim();
    if (m.collectorReport != null && $Object.hasOwnProperty.call(m, "collectorReport"))
     $root.yiben.v1.CollectorReport.encode(m.collectorReport, w.uint32(130).fork(), q + 1).ldelim();
    if (m.siteReport != null && $Object.hasOwnProperty.call(m, "siteReport"))
     $root.yiben.v1.SiteReport.encode(m.siteReport, w.uint32(138).fork(), q + 1).ldelim();
    if (m.nodeReport != null && $Object.hasOwnProperty.call(m, "nodeReport"))
     $root.yiben.v1.NodeReport.encode(m.nodeReport, w.uint32(146).fork(), q + 1).ldelim();
    if (m.hourReport != null && $Object.hasOwnProperty.call(m, "hourReport"))
     $root.yiben.v1.HourReport.encode(m.hourReport, w.uint32(154).fork(), q + 1).ldelim();
    if (m.countsReport != null && $Object.hasOwnProperty.call(m, "countsReport"))
     $root.yiben.v1.CountsReport.encode(m.countsReport, w.uint32(162).fork(), q + 1).ldelim();
    if (m.checkpointReport != null && $Object.hasOwnProperty.call(m, "checkpointReport"))
     $root.yiben.v1.CheckpointReport.encode(m.checkpointReport, w.uint32(170).fork(), q + 1).ldelim();
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Record.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Record();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.facts = $root.yiben.v1.Facts.decode(r, r.size(), $undefined, q + 1, m.facts);
       m.kind = "facts";
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       m.gap = $root.yiben.v1.Gap.decode(r, r.size(), $undefined, q + 1, m.gap);
       m.kind = "gap";
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       m.policy = $root.yiben.v1.Policy.decode(r, r.size(), $undefined, q + 1, m.policy);
       m.kind = "policy";
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       m.veto = $root.yiben.v1.VetoRecord.decode(r, r.size(), $undefined, q + 1, m.veto);
       m.kind = "veto";
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       m.lost = $root.yiben.v1.Lost.decode(r, r.size(), $undefined, q + 1, m.lost);
       m.kind = "lost";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.goodbye = $root.yiben.v1.Goodbye.decode(r, r.size(), $undefined, q + 1, m.goodbye);
       m.kind = "goodbye";
       continue;
      }
     case 8: {
       if (u !== 2)
        break;
       m.lease = $root.yiben.v1.LeaseRecord.decode(r, r.size(), $undefined, q + 1, m.lease);
       m.kind = "lease";
       continue;
      }
     case 9: {
       if (u !== 2)
        break;
       m.intervals = $root.yiben.v1.Intervals.decode(r, r.size(), $undefined, q + 1, m.intervals);
       m.kind = "intervals";
       continue;
      }
     case 16: {
       if (u !== 2)
        break;
       m.collectorReport = $root.yiben.v1.CollectorReport.decode(r, r.size(), $undefined, q + 1, m.collectorReport);
       m.kind = "collectorReport";
       continue;
      }
     case 17: {
       if (u !== 2)
        break;
       m.siteReport = $root.yiben.v1.SiteReport.decode(r, r.size(), $undefined, q + 1, m.siteReport);
       m.kind = "siteReport";
       continue;
      }
     case 18: {
       if (u !== 2)
        break;
       m.nodeReport = $root.yiben.v1.NodeReport.decode(r, r.size(), $undefined, q + 1, m.nodeReport);
       m.kind = "nodeReport";
       continue;
      }
     case 19: {
       if (u !== 2)
        break;
       m.hourReport = $root.yiben.v1.HourReport.decode(r, r.size(), $undefined, q + 1, m.hourReport);
       m.kind = "hourReport";
       continue;
      }
     case 20: {
       if (u !== 2)
        break;
       m.countsReport = $root.yiben.v1.CountsReport.decode(r, r.size(), $undefined, q + 1, m.countsReport);
       m.kind = "countsReport";
       continue;
      }
     case 21: {
       if (u !== 2)
        break;
       m.checkpointReport = $root.yiben.v1.CheckpointReport.decode(r, r.size(), $undefined, q + 1, m.checkpointReport);
       m.kind = "checkpointReport";
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Record;
  })();

  v1.Facts = (function() {

   const Facts = function (p) {
    this.units = [];
    this.probes = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Facts.prototype.revision = 0;
   Facts.prototype.atMs = 0;
   Facts.prototype.agentVersion = "";
   Facts.prototype.bootId = "";
   Facts.prototype.operatingSystem = null;
   Facts.prototype.kernel = null;
   Facts.prototype.architecture = null;
   Facts.prototype.cpuModel = null;
   Facts.prototype.cpuCores = null;
   Facts.prototype.memoryTotalMib = null;
   Facts.prototype.virtualization = null;
   Facts.prototype.ownerKind = "";
   Facts.prototype.units = $util.emptyArray;
   Facts.prototype.probes = $util.emptyArray;

   let $oneOfFields;

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_operatingSystem", {
    get: $util.oneOfGetter($oneOfFields = ["operatingSystem"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_kernel", {
    get: $util.oneOfGetter($oneOfFields = ["kernel"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_architecture", {
    get: $util.oneOfGetter($oneOfFields = ["architecture"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_cpuModel", {
    get: $util.oneOfGetter($oneOfFields = ["cpuModel"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_cpuCores", {
    get: $util.oneOfGetter($oneOfFields = ["cpuCores"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_memoryTotalMib", {
    get: $util.oneOfGetter($oneOfFields = ["memoryTotalMib"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Facts.prototype, "_virtualization", {
    get: $util.oneOfGetter($oneOfFields = ["virtualization"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   Facts.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.revision != null && $Object.hasOwnProperty.call(m, "revision") && m.revision !== 0)
     w.uint32(8).uint32(m.revision);
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(16).uint64(m.atMs);
    if (m.agentVersion != null && $Object.hasOwnProperty.call(m, "agentVersion") && m.agentVersion !== "")
     w.uint32(26).string(m.agentVersion);
    if (m.bootId != null && $Object.hasOwnProperty.call(m, "bootId") && m.bootId !== "")
     w.uint32(34).string(m.bootId);
    if (m.operatingSystem != null && $Object.hasOwnProperty.call(m, "operatingSystem"))
     w.uint32(42).string(m.operatingSystem);
    if (m.kernel != null && $Object.hasOwnProperty.call(m, "kernel"))
     w.uint32(50).string(m.kernel);
    if (m.architecture != null && $Object.hasOwnProperty.call(m, "architecture"))
     w.uint32(58).string(m.architecture);
    if (m.cpuModel != null && $Object.hasOwnProperty.call(m, "cpuModel"))
     w.uint32(66).string(m.cpuModel);
    if (m.cpuCores != null && $Object.hasOwnProperty.call(m, "cpuCores"))
     w.uint32(72).uint32(m.cpuCores);
    if (m.memoryTotalMib != null && $Object.hasOwnProperty.call(m, "memoryTotalMib"))
     w.uint32(80).uint32(m.memoryTotalMib);
    if (m.virtualization != null && $Object.hasOwnProperty.call(m, "virtualization"))
     w.uint32(90).string(m.virtualization);
    if (m.ownerKind != null && $Object.hasOwnProperty.call(m, "ownerKind") && m.ownerKind !== "")
     w.uint32(98).string(m.ownerKind);
    if (m.units != null && m.units.length) {
     for (var i = 0; i < m.units.length; ++i)
      $root.yiben.v1.Unit.encode(m.units[i], w.uint32(106).fork(), q + 1).ldelim();
    }
    if (m.probes != null && m.probes.length) {
     for (var i = 0; i < m.probes.length; ++i)
      $root.yiben.v1.ProbeReport.encode(m.probes[i], w.uint32(114).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Facts.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Facts();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.revision = v;
       else
        delete m.revision;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.agentVersion = v;
       else
        delete m.agentVersion;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.bootId = v;
       else
        delete m.bootId;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       m.operatingSystem = r.stringVerify();
       m._operatingSystem = "operatingSystem";
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       m.kernel = r.stringVerify();
       m._kernel = "kernel";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.architecture = r.stringVerify();
       m._architecture = "architecture";
       continue;
      }
     case 8: {
       if (u !== 2)
        break;
       m.cpuModel = r.stringVerify();
       m._cpuModel = "cpuModel";
       continue;
      }
     case 9: {
       if (u !== 0)
        break;
       m.cpuCores = r.uint32();
       m._cpuCores = "cpuCores";
       continue;
      }
     case 10: {
       if (u !== 0)
        break;
       m.memoryTotalMib = r.uint32();
       m._memoryTotalMib = "memoryTotalMib";
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       m.virtualization = r.stringVerify();
       m._virtualization = "virtualization";
       continue;
      }
     case 12: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerKind = v;
       else
        delete m.ownerKind;
       continue;
      }
     case 13: {
       if (u !== 2)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push($root.yiben.v1.Unit.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     case 14: {
       if (u !== 2)
        break;
       if (!(m.probes && m.probes.length))
        m.probes = [];
       m.probes.push($root.yiben.v1.ProbeReport.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Facts;
  })();

  v1.Unit = (function() {

   const Unit = function (p) {
    this.identities = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Unit.prototype.index = 0;
   Unit.prototype.kind = "";
   Unit.prototype.parentIndex = null;
   Unit.prototype.vendor = "";
   Unit.prototype.name = "";
   Unit.prototype.memoryTotalMib = null;
   Unit.prototype.powerCapWatts = null;
   Unit.prototype.sharePpm = 0;
   Unit.prototype.driverVersion = null;
   Unit.prototype.identities = $util.emptyArray;

   let $oneOfFields;

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Unit.prototype, "_parentIndex", {
    get: $util.oneOfGetter($oneOfFields = ["parentIndex"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Unit.prototype, "_memoryTotalMib", {
    get: $util.oneOfGetter($oneOfFields = ["memoryTotalMib"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Unit.prototype, "_powerCapWatts", {
    get: $util.oneOfGetter($oneOfFields = ["powerCapWatts"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Unit.prototype, "_driverVersion", {
    get: $util.oneOfGetter($oneOfFields = ["driverVersion"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   Unit.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.index != null && $Object.hasOwnProperty.call(m, "index") && m.index !== 0)
     w.uint32(8).uint32(m.index);
    if (m.kind != null && $Object.hasOwnProperty.call(m, "kind") && m.kind !== "")
     w.uint32(18).string(m.kind);
    if (m.parentIndex != null && $Object.hasOwnProperty.call(m, "parentIndex"))
     w.uint32(24).uint32(m.parentIndex);
    if (m.vendor != null && $Object.hasOwnProperty.call(m, "vendor") && m.vendor !== "")
     w.uint32(34).string(m.vendor);
    if (m.name != null && $Object.hasOwnProperty.call(m, "name") && m.name !== "")
     w.uint32(42).string(m.name);
    if (m.memoryTotalMib != null && $Object.hasOwnProperty.call(m, "memoryTotalMib"))
     w.uint32(48).uint32(m.memoryTotalMib);
    if (m.powerCapWatts != null && $Object.hasOwnProperty.call(m, "powerCapWatts"))
     w.uint32(56).uint32(m.powerCapWatts);
    if (m.sharePpm != null && $Object.hasOwnProperty.call(m, "sharePpm") && m.sharePpm !== 0)
     w.uint32(64).uint32(m.sharePpm);
    if (m.driverVersion != null && $Object.hasOwnProperty.call(m, "driverVersion"))
     w.uint32(74).string(m.driverVersion);
    if (m.identities != null && m.identities.length) {
     for (var i = 0; i < m.identities.length; ++i)
      $root.yiben.v1.Identity.encode(m.identities[i], w.uint32(82).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Unit.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Unit();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.index = v;
       else
        delete m.index;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.kind = v;
       else
        delete m.kind;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       m.parentIndex = r.uint32();
       m._parentIndex = "parentIndex";
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.vendor = v;
       else
        delete m.vendor;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.name = v;
       else
        delete m.name;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       m.memoryTotalMib = r.uint32();
       m._memoryTotalMib = "memoryTotalMib";
       continue;
      }
     case 7: {
       if (u !== 0)
        break;
       m.powerCapWatts = r.uint32();
       m._powerCapWatts = "powerCapWatts";
       continue;
      }
     case 8: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.sharePpm = v;
       else
        delete m.sharePpm;
       continue;
      }
     case 9: {
       if (u !== 2)
        break;
       m.driverVersion = r.stringVerify();
       m._driverVersion = "driverVersion";
       continue;
      }
     case 10: {
       if (u !== 2)
        break;
       if (!(m.identities && m.identities.length))
        m.identities = [];
       m.identities.push($root.yiben.v1.Identity.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Unit;
  })();

  v1.Identity = (function() {

   const Identity = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Identity.prototype.keyNumber = 0;
   Identity.prototype.hash = $util.newBuffer([]);
   Identity.prototype.strength = 0;

   Identity.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.keyNumber != null && $Object.hasOwnProperty.call(m, "keyNumber") && m.keyNumber !== 0)
     w.uint32(8).uint32(m.keyNumber);
    if (m.hash != null && $Object.hasOwnProperty.call(m, "hash") && m.hash.length)
     w.uint32(18).bytes(m.hash);
    if (m.strength != null && $Object.hasOwnProperty.call(m, "strength") && m.strength !== 0)
     w.uint32(24).uint32(m.strength);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Identity.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Identity();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.keyNumber = v;
       else
        delete m.keyNumber;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.hash = v;
       else
        delete m.hash;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.strength = v;
       else
        delete m.strength;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Identity;
  })();

  v1.ProbeReport = (function() {

   const ProbeReport = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ProbeReport.prototype.vendor = "";
   ProbeReport.prototype.tool = null;
   ProbeReport.prototype.toolVersion = null;
   ProbeReport.prototype.unitsFound = 0;
   ProbeReport.prototype.cardsPresent = 0;
   ProbeReport.prototype.problemCode = null;
   ProbeReport.prototype.problem = null;

   let $oneOfFields;

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ProbeReport.prototype, "_tool", {
    get: $util.oneOfGetter($oneOfFields = ["tool"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ProbeReport.prototype, "_toolVersion", {
    get: $util.oneOfGetter($oneOfFields = ["toolVersion"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ProbeReport.prototype, "_problemCode", {
    get: $util.oneOfGetter($oneOfFields = ["problemCode"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ProbeReport.prototype, "_problem", {
    get: $util.oneOfGetter($oneOfFields = ["problem"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   ProbeReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.vendor != null && $Object.hasOwnProperty.call(m, "vendor") && m.vendor !== "")
     w.uint32(10).string(m.vendor);
    if (m.tool != null && $Object.hasOwnProperty.call(m, "tool"))
     w.uint32(18).string(m.tool);
    if (m.toolVersion != null && $Object.hasOwnProperty.call(m, "toolVersion"))
     w.uint32(26).string(m.toolVersion);
    if (m.unitsFound != null && $Object.hasOwnProperty.call(m, "unitsFound") && m.unitsFound !== 0)
     w.uint32(32).uint32(m.unitsFound);
    if (m.cardsPresent != null && $Object.hasOwnProperty.call(m, "cardsPresent") && m.cardsPresent !== 0)
     w.uint32(40).uint32(m.cardsPresent);
    if (m.problemCode != null && $Object.hasOwnProperty.call(m, "problemCode"))
     w.uint32(50).string(m.problemCode);
    if (m.problem != null && $Object.hasOwnProperty.call(m, "problem"))
     w.uint32(58).string(m.problem);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ProbeReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ProbeReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.vendor = v;
       else
        delete m.vendor;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       m.tool = r.stringVerify();
       m._tool = "tool";
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       m.toolVersion = r.stringVerify();
       m._toolVersion = "toolVersion";
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.unitsFound = v;
       else
        delete m.unitsFound;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.cardsPresent = v;
       else
        delete m.cardsPresent;
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       m.problemCode = r.stringVerify();
       m._problemCode = "problemCode";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       m.problem = r.stringVerify();
       m._problem = "problem";
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ProbeReport;
  })();

  v1.Intervals = (function() {

   const Intervals = function (p) {
    this.utilizationMax = [];
    this.utilizationLack = [];
    this.memoryMaxMib = [];
    this.energyJoules = [];
    this.runCounts = [];
    this.runDurationsMs = [];
    this.givenMs = [];
    this.samplesGot = [];
    this.samplesZero = [];
    this.samplesBelowTenth = [];
    this.activeLackMs = [];
    this.wallStepsMs = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Intervals.prototype.factsRevision = 0;
   Intervals.prototype.startMs = 0;
   Intervals.prototype.cpuBusyMs = 0;
   Intervals.prototype.cpuTotalMs = 0;
   Intervals.prototype.runCodes = $util.newBuffer([]);
   Intervals.prototype.depositable = $util.newBuffer([]);
   Intervals.prototype.utilizationMax = $util.emptyArray;
   Intervals.prototype.utilizationLack = $util.emptyArray;
   Intervals.prototype.memoryMaxMib = $util.emptyArray;
   Intervals.prototype.energyJoules = $util.emptyArray;
   Intervals.prototype.temperatureMax = $util.newBuffer([]);
   Intervals.prototype.runCounts = $util.emptyArray;
   Intervals.prototype.runDurationsMs = $util.emptyArray;
   Intervals.prototype.givenMs = $util.emptyArray;
   Intervals.prototype.samplesExpected = 0;
   Intervals.prototype.spanMs = 0;
   Intervals.prototype.samplesGot = $util.emptyArray;
   Intervals.prototype.samplesZero = $util.emptyArray;
   Intervals.prototype.samplesBelowTenth = $util.emptyArray;
   Intervals.prototype.activeLackMs = $util.emptyArray;
   Intervals.prototype.classBUnits = $util.newBuffer([]);
   Intervals.prototype.wallStepsMs = $util.emptyArray;

   Intervals.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.factsRevision != null && $Object.hasOwnProperty.call(m, "factsRevision") && m.factsRevision !== 0)
     w.uint32(8).uint32(m.factsRevision);
    if (m.startMs != null && $Object.hasOwnProperty.call(m, "startMs") && (typeof m.startMs === "object" ? m.startMs.low || m.startMs.high : m.startMs !== 0))
     w.uint32(16).uint64(m.startMs);
    if (m.cpuBusyMs != null && $Object.hasOwnProperty.call(m, "cpuBusyMs") && (typeof m.cpuBusyMs === "object" ? m.cpuBusyMs.low || m.cpuBusyMs.high : m.cpuBusyMs !== 0))
     w.uint32(24).uint64(m.cpuBusyMs);
    if (m.cpuTotalMs != null && $Object.hasOwnProperty.call(m, "cpuTotalMs") && (typeof m.cpuTotalMs === "object" ? m.cpuTotalMs.low || m.cpuTotalMs.high : m.cpuTotalMs !== 0))
     w.uint32(32).uint64(m.cpuTotalMs);
    if (m.runCodes != null && $Object.hasOwnProperty.call(m, "runCodes") && m.runCodes.length)
     w.uint32(42).bytes(m.runCodes);
    if (m.depositable != null && $Object.hasOwnProperty.call(m, "depositable") && m.depositable.length)
     w.uint32(50).bytes(m.depositable);
    if (m.utilizationMax != null && m.utilizationMax.length) {
     w.uint32(58).sint32s(m.utilizationMax);
    }
    if (m.utilizationLack != null && m.utilizationLack.length) {
     w.uint32(66).sint32s(m.utilizationLack);
    }
    if (m.memoryMaxMib != null && m.memoryMaxMib.length) {
     w.uint32(74).sint32s(m.memoryMaxMib);
    }
    if (m.energyJoules != null && m.energyJoules.length) {
     w.uint32(82).sint32s(m.energyJoules);
    }
    if (m.temperatureMax != null && $Object.hasOwnProperty.call(m, "temperatureMax") && m.temperatureMax.length)
     w.uint32(90).bytes(m.temperatureMax);
    if (m.runCounts != null && m.runCounts.length) {
     w.uint32(98).sint32s(m.runCounts);
    }
    if (m.runDurationsMs != null && m.runDurationsMs.length) {
     w.uint32(106).sint32s(m.runDurationsMs);
    }
    if (m.givenMs != null && m.givenMs.length) {
     w.uint32(114).sint32s(m.givenMs);
    }
    if (m.samplesExpected != null && $Object.hasOwnProperty.call(m, "samplesExpected") && m.samplesExpected !== 0)
     w.uint32(120).uint32(m.samplesExpected);
    if (m.spanMs != null && $Object.hasOwnProperty.call(m, "spanMs") && m.spanMs !== 0)
     w.uint32(128).uint32(m.spanMs);
    if (m.samplesGot != null && m.samplesGot.length) {
     w.uint32(138).sint32s(m.samplesGot);
    }
    if (m.samplesZero != null && m.samplesZero.length) {
     w.uint32(146).sint32s(m.samplesZero);
    }
    if (m.samplesBelowTenth != null && m.samplesBelowTenth.length) {
     w.uint32(154).sint32s(m.samplesBelowTenth);
    }
    if (m.activeLackMs != null && m.activeLackMs.length) {
     w.uint32(162).sint32s(m.activeLackMs);
    }
    if (m.classBUnits != null && $Object.hasOwnProperty.call(m, "classBUnits") && m.classBUnits.length)
     w.uint32(170).bytes(m.classBUnits);
    if (m.wallStepsMs != null && m.wallStepsMs.length) {
     w.uint32(178).sint64s(m.wallStepsMs);
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Intervals.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Intervals();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.factsRevision = v;
       else
        delete m.factsRevision;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.startMs = v;
       else
        delete m.startMs;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.cpuBusyMs = v;
       else
        delete m.cpuBusyMs;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.cpuTotalMs = v;
       else
        delete m.cpuTotalMs;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.runCodes = v;
       else
        delete m.runCodes;
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.depositable = v;
       else
        delete m.depositable;
       continue;
      }
     case 7: {
       if (u === 2) {
        if (!(m.utilizationMax && m.utilizationMax.length))
         m.utilizationMax = [];
        r.sint32s(m.utilizationMax);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.utilizationMax && m.utilizationMax.length))
        m.utilizationMax = [];
       m.utilizationMax.push(r.sint32());
       continue;
      }
     case 8: {
       if (u === 2) {
        if (!(m.utilizationLack && m.utilizationLack.length))
         m.utilizationLack = [];
        r.sint32s(m.utilizationLack);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.utilizationLack && m.utilizationLack.length))
        m.utilizationLack = [];
       m.utilizationLack.push(r.sint32());
       continue;
      }
     case 9: {
       if (u === 2) {
        if (!(m.memoryMaxMib && m.memoryMaxMib.length))
         m.memoryMaxMib = [];
        r.sint32s(m.memoryMaxMib);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.memoryMaxMib && m.memoryMaxMib.length))
        m.memoryMaxMib = [];
       m.memoryMaxMib.push(r.sint32());
       continue;
      }
     case 10: {
       if (u === 2) {
        if (!(m.energyJoules && m.energyJoules.length))
         m.energyJoules = [];
        r.sint32s(m.energyJoules);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.energyJoules && m.energyJoules.length))
        m.energyJoules = [];
       m.energyJoules.push(r.sint32());
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.temperatureMax = v;
       else
        delete m.temperatureMax;
       continue;
      }
     case 12: {
       if (u === 2) {
        if (!(m.runCounts && m.runCounts.length))
         m.runCounts = [];
        r.sint32s(m.runCounts);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.runCounts && m.runCounts.length))
        m.runCounts = [];
       m.runCounts.push(r.sint32());
       continue;
      }
     case 13: {
       if (u === 2) {
        if (!(m.runDurationsMs && m.runDurationsMs.length))
         m.runDurationsMs = [];
        r.sint32s(m.runDurationsMs);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.runDurationsMs && m.runDurationsMs.length))
        m.runDurationsMs = [];
       m.runDurationsMs.push(r.sint32());
       continue;
      }
     case 14: {
       if (u === 2) {
        if (!(m.givenMs && m.givenMs.length))
         m.givenMs = [];
        r.sint32s(m.givenMs);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.givenMs && m.givenMs.length))
        m.givenMs = [];
       m.givenMs.push(r.sint32());
       continue;
      }
     case 15: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.samplesExpected = v;
       else
        delete m.samplesExpected;
       continue;
      }
     case 16: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.spanMs = v;
       else
        delete m.spanMs;
       continue;
      }
     case 17: {
       if (u === 2) {
        if (!(m.samplesGot && m.samplesGot.length))
         m.samplesGot = [];
        r.sint32s(m.samplesGot);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.samplesGot && m.samplesGot.length))
        m.samplesGot = [];
       m.samplesGot.push(r.sint32());
       continue;
      }
     case 18: {
       if (u === 2) {
        if (!(m.samplesZero && m.samplesZero.length))
         m.samplesZero = [];
        r.sint32s(m.samplesZero);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.samplesZero && m.samplesZero.length))
        m.samplesZero = [];
       m.samplesZero.push(r.sint32());
       continue;
      }
     case 19: {
       if (u === 2) {
        if (!(m.samplesBelowTenth && m.samplesBelowTenth.length))
         m.samplesBelowTenth = [];
        r.sint32s(m.samplesBelowTenth);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.samplesBelowTenth && m.samplesBelowTenth.length))
        m.samplesBelowTenth = [];
       m.samplesBelowTenth.push(r.sint32());
       continue;
      }
     case 20: {
       if (u === 2) {
        if (!(m.activeLackMs && m.activeLackMs.length))
         m.activeLackMs = [];
        r.sint32s(m.activeLackMs);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.activeLackMs && m.activeLackMs.length))
        m.activeLackMs = [];
       m.activeLackMs.push(r.sint32());
       continue;
      }
     case 21: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.classBUnits = v;
       else
        delete m.classBUnits;
       continue;
      }
     case 22: {
       if (u === 2) {
        if (!(m.wallStepsMs && m.wallStepsMs.length))
         m.wallStepsMs = [];
        r.sint64s(m.wallStepsMs);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.wallStepsMs && m.wallStepsMs.length))
        m.wallStepsMs = [];
       m.wallStepsMs.push(r.sint64());
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Intervals;
  })();

  v1.Gap = (function() {

   const Gap = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Gap.prototype.startMs = 0;
   Gap.prototype.endMs = 0;
   Gap.prototype.code = 0;
   Gap.prototype.bootId = "";

   Gap.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.startMs != null && $Object.hasOwnProperty.call(m, "startMs") && (typeof m.startMs === "object" ? m.startMs.low || m.startMs.high : m.startMs !== 0))
     w.uint32(8).uint64(m.startMs);
    if (m.endMs != null && $Object.hasOwnProperty.call(m, "endMs") && (typeof m.endMs === "object" ? m.endMs.low || m.endMs.high : m.endMs !== 0))
     w.uint32(16).uint64(m.endMs);
    if (m.code != null && $Object.hasOwnProperty.call(m, "code") && m.code !== 0)
     w.uint32(24).uint32(m.code);
    if (m.bootId != null && $Object.hasOwnProperty.call(m, "bootId") && m.bootId !== "")
     w.uint32(34).string(m.bootId);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Gap.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Gap();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.startMs = v;
       else
        delete m.startMs;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.endMs = v;
       else
        delete m.endMs;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.code = v;
       else
        delete m.code;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.bootId = v;
       else
        delete m.bootId;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Gap;
  })();

  v1.Policy = (function() {

   const Policy = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Policy.prototype.version = 0;
   Policy.prototype.atMs = 0;
   Policy.prototype.enabled = false;
   Policy.prototype.keepCardsPerNode = 0;
   Policy.prototype.minFreeMs = 0;
   Policy.prototype.maxLeaseMs = 0;
   Policy.prototype.calendar = "";
   Policy.prototype.handover = 0;
   Policy.prototype.fenced = false;
   Policy.prototype.endpoint = "";
   Policy.prototype.queue = "";

   Policy.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.version != null && $Object.hasOwnProperty.call(m, "version") && m.version !== 0)
     w.uint32(8).uint32(m.version);
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(16).uint64(m.atMs);
    if (m.enabled != null && $Object.hasOwnProperty.call(m, "enabled") && m.enabled !== false)
     w.uint32(24).bool(m.enabled);
    if (m.keepCardsPerNode != null && $Object.hasOwnProperty.call(m, "keepCardsPerNode") && m.keepCardsPerNode !== 0)
     w.uint32(32).uint32(m.keepCardsPerNode);
    if (m.minFreeMs != null && $Object.hasOwnProperty.call(m, "minFreeMs") && (typeof m.minFreeMs === "object" ? m.minFreeMs.low || m.minFreeMs.high : m.minFreeMs !== 0))
     w.uint32(40).uint64(m.minFreeMs);
    if (m.maxLeaseMs != null && $Object.hasOwnProperty.call(m, "maxLeaseMs") && (typeof m.maxLeaseMs === "object" ? m.maxLeaseMs.low || m.maxLeaseMs.high : m.maxLeaseMs !== 0))
     w.uint32(48).uint64(m.maxLeaseMs);
    if (m.calendar != null && $Object.hasOwnProperty.call(m, "calendar") && m.calendar !== "")
     w.uint32(58).string(m.calendar);
    if (m.handover != null && $Object.hasOwnProperty.call(m, "handover") && m.handover !== 0)
     w.uint32(64).uint32(m.handover);
    if (m.fenced != null && $Object.hasOwnProperty.call(m, "fenced") && m.fenced !== false)
     w.uint32(72).bool(m.fenced);
    if (m.endpoint != null && $Object.hasOwnProperty.call(m, "endpoint") && m.endpoint !== "")
     w.uint32(82).string(m.endpoint);
    if (m.queue != null && $Object.hasOwnProperty.call(m, "queue") && m.queue !== "")
     w.uint32(90).string(m.queue);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Policy.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Policy();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.version = v;
       else
        delete m.version;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.enabled = v;
       else
        delete m.enabled;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.keepCardsPerNode = v;
       else
        delete m.keepCardsPerNode;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.minFreeMs = v;
       else
        delete m.minFreeMs;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.maxLeaseMs = v;
       else
        delete m.maxLeaseMs;
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.calendar = v;
       else
        delete m.calendar;
       continue;
      }
     case 8: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.handover = v;
       else
        delete m.handover;
       continue;
      }
     case 9: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.fenced = v;
       else
        delete m.fenced;
       continue;
      }
     case 10: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.endpoint = v;
       else
        delete m.endpoint;
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.queue = v;
       else
        delete m.queue;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Policy;
  })();

  v1.VetoRecord = (function() {

   const VetoRecord = function (p) {
    this.units = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   VetoRecord.prototype.atMs = 0;
   VetoRecord.prototype.kind = 0;
   VetoRecord.prototype.units = $util.emptyArray;

   VetoRecord.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(8).uint64(m.atMs);
    if (m.kind != null && $Object.hasOwnProperty.call(m, "kind") && m.kind !== 0)
     w.uint32(16).uint32(m.kind);
    if (m.units != null && m.units.length) {
     w.uint32(26).uint32s(m.units);
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   VetoRecord.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.VetoRecord();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.kind = v;
       else
        delete m.kind;
       continue;
      }
     case 3: {
       if (u === 2) {
        if (!(m.units && m.units.length))
         m.units = [];
        r.uint32s(m.units);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push(r.uint32());
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return VetoRecord;
  })();

  v1.Lost = (function() {

   const Lost = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Lost.prototype.firstSeq = 0;
   Lost.prototype.lastSeq = 0;
   Lost.prototype.startMs = 0;
   Lost.prototype.endMs = 0;

   Lost.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.firstSeq != null && $Object.hasOwnProperty.call(m, "firstSeq") && (typeof m.firstSeq === "object" ? m.firstSeq.low || m.firstSeq.high : m.firstSeq !== 0))
     w.uint32(8).uint64(m.firstSeq);
    if (m.lastSeq != null && $Object.hasOwnProperty.call(m, "lastSeq") && (typeof m.lastSeq === "object" ? m.lastSeq.low || m.lastSeq.high : m.lastSeq !== 0))
     w.uint32(16).uint64(m.lastSeq);
    if (m.startMs != null && $Object.hasOwnProperty.call(m, "startMs") && (typeof m.startMs === "object" ? m.startMs.low || m.startMs.high : m.startMs !== 0))
     w.uint32(24).uint64(m.startMs);
    if (m.endMs != null && $Object.hasOwnProperty.call(m, "endMs") && (typeof m.endMs === "object" ? m.endMs.low || m.endMs.high : m.endMs !== 0))
     w.uint32(32).uint64(m.endMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Lost.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Lost();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.firstSeq = v;
       else
        delete m.firstSeq;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.lastSeq = v;
       else
        delete m.lastSeq;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.startMs = v;
       else
        delete m.startMs;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.endMs = v;
       else
        delete m.endMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Lost;
  })();

  v1.Goodbye = (function() {

   const Goodbye = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Goodbye.prototype.atMs = 0;
   Goodbye.prototype.reason = 0;

   Goodbye.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(8).uint64(m.atMs);
    if (m.reason != null && $Object.hasOwnProperty.call(m, "reason") && m.reason !== 0)
     w.uint32(16).uint32(m.reason);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Goodbye.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Goodbye();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.reason = v;
       else
        delete m.reason;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Goodbye;
  })();

  v1.LeaseRecord = (function() {

   const LeaseRecord = function (p) {
    this.units = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   LeaseRecord.prototype.atMs = 0;
   LeaseRecord.prototype.leaseId = "";
   LeaseRecord.prototype.event = "";
   LeaseRecord.prototype.revision = 0;
   LeaseRecord.prototype.units = $util.emptyArray;
   LeaseRecord.prototype.cause = "";

   LeaseRecord.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(8).uint64(m.atMs);
    if (m.leaseId != null && $Object.hasOwnProperty.call(m, "leaseId") && m.leaseId !== "")
     w.uint32(18).string(m.leaseId);
    if (m.event != null && $Object.hasOwnProperty.call(m, "event") && m.event !== "")
     w.uint32(26).string(m.event);
    if (m.revision != null && $Object.hasOwnProperty.call(m, "revision") && m.revision !== 0)
     w.uint32(32).uint32(m.revision);
    if (m.units != null && m.units.length) {
     w.uint32(42).uint32s(m.units);
    }
    if (m.cause != null && $Object.hasOwnProperty.call(m, "cause") && m.cause !== "")
     w.uint32(50).string(m.cause);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   LeaseRecord.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.LeaseRecord();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.leaseId = v;
       else
        delete m.leaseId;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.event = v;
       else
        delete m.event;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.revision = v;
       else
        delete m.revision;
       continue;
      }
     case 5: {
       if (u === 2) {
        if (!(m.units && m.units.length))
         m.units = [];
        r.uint32s(m.units);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push(r.uint32());
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.cause = v;
       else
        delete m.cause;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return LeaseRecord;
  })();

  v1.Reported = (function() {

   const Reported = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Reported.prototype.origin = $util.newBuffer([]);
   Reported.prototype.generation = 0;
   Reported.prototype.number = 0;

   Reported.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.origin != null && $Object.hasOwnProperty.call(m, "origin") && m.origin.length)
     w.uint32(10).bytes(m.origin);
    if (m.generation != null && $Object.hasOwnProperty.call(m, "generation") && (typeof m.generation === "object" ? m.generation.low || m.generation.high : m.generation !== 0))
     w.uint32(16).uint64(m.generation);
    if (m.number != null && $Object.hasOwnProperty.call(m, "number") && (typeof m.number === "object" ? m.number.low || m.number.high : m.number !== 0))
     w.uint32(24).uint64(m.number);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Reported.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Reported();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.origin = v;
       else
        delete m.origin;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.generation = v;
       else
        delete m.generation;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.number = v;
       else
        delete m.number;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Reported;
  })();

  v1.CollectorReport = (function() {

   const CollectorReport = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   CollectorReport.prototype.reported = null;
   CollectorReport.prototype.name = "";
   CollectorReport.prototype.parentOrigin = $util.newBuffer([]);
   CollectorReport.prototype.programVersion = "";
   CollectorReport.prototype.awaySinceMs = 0;

   CollectorReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.name != null && $Object.hasOwnProperty.call(m, "name") && m.name !== "")
     w.uint32(18).string(m.name);
    if (m.parentOrigin != null && $Object.hasOwnProperty.call(m, "parentOrigin") && m.parentOrigin.length)
     w.uint32(26).bytes(m.parentOrigin);
    if (m.programVersion != null && $Object.hasOwnProperty.call(m, "programVersion") && m.programVersion !== "")
     w.uint32(34).string(m.programVersion);
    if (m.awaySinceMs != null && $Object.hasOwnProperty.call(m, "awaySinceMs") && (typeof m.awaySinceMs === "object" ? m.awaySinceMs.low || m.awaySinceMs.high : m.awaySinceMs !== 0))
     w.uint32(40).uint64(m.awaySinceMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   CollectorReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.CollectorReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.name = v;
       else
        delete m.name;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.parentOrigin = v;
       else
        delete m.parentOrigin;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.programVersion = v;
       else
        delete m.programVersion;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.awaySinceMs = v;
       else
        delete m.awaySinceMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return CollectorReport;
  })();

  v1.SiteReport = (function() {

   const SiteReport = function (p) {
    this.terms = [];
    this.declared = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   SiteReport.prototype.reported = null;
   SiteReport.prototype.siteCode = "";
   SiteReport.prototype.name = "";
   SiteReport.prototype.terms = $util.emptyArray;
   SiteReport.prototype.declared = $util.emptyArray;

   SiteReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.siteCode != null && $Object.hasOwnProperty.call(m, "siteCode") && m.siteCode !== "")
     w.uint32(18).string(m.siteCode);
    if (m.name != null && $Object.hasOwnProperty.call(m, "name") && m.name !== "")
     w.uint32(26).string(m.name);
    if (m.terms != null && m.terms.length) {
     for (var i = 0; i < m.terms.length; ++i)
      $root.yiben.v1.Terms.encode(m.terms[i], w.uint32(34).fork(), q + 1).ldelim();
    }
    if (m.declared != null && m.declared.length) {
     for (var i = 0; i < m.declared.length; ++i)
      $root.yiben.v1.Declaration.encode(m.declared[i], w.uint32(42).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   SiteReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.SiteReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.siteCode = v;
       else
        delete m.siteCode;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.name = v;
       else
        delete m.name;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if (!(m.terms && m.terms.length))
        m.terms = [];
       m.terms.push($root.yiben.v1.Terms.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if (!(m.declared && m.declared.length))
        m.declared = [];
       m.declared.push($root.yiben.v1.Declaration.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return SiteReport;
  })();

  v1.Terms = (function() {

   const Terms = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Terms.prototype.operatorCode = "";
   Terms.prototype.operatorName = "";
   Terms.prototype.ownerCode = "";
   Terms.prototype.ownerName = "";
   Terms.prototype.regionCode = "";
   Terms.prototype.validFromMs = 0;
   Terms.prototype.validToMs = 0;

   Terms.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.operatorCode != null && $Object.hasOwnProperty.call(m, "operatorCode") && m.operatorCode !== "")
     w.uint32(10).string(m.operatorCode);
    if (m.operatorName != null && $Object.hasOwnProperty.call(m, "operatorName") && m.operatorName !== "")
     w.uint32(18).string(m.operatorName);
    if (m.ownerCode != null && $Object.hasOwnProperty.call(m, "ownerCode") && m.ownerCode !== "")
     w.uint32(26).string(m.ownerCode);
    if (m.ownerName != null && $Object.hasOwnProperty.call(m, "ownerName") && m.ownerName !== "")
     w.uint32(34).string(m.ownerName);
    if (m.regionCode != null && $Object.hasOwnProperty.call(m, "regionCode") && m.regionCode !== "")
     w.uint32(42).string(m.regionCode);
    if (m.validFromMs != null && $Object.hasOwnProperty.call(m, "validFromMs") && (typeof m.validFromMs === "object" ? m.validFromMs.low || m.validFromMs.high : m.validFromMs !== 0))
     w.uint32(48).uint64(m.validFromMs);
    if (m.validToMs != null && $Object.hasOwnProperty.call(m, "validToMs") && (typeof m.validToMs === "object" ? m.validToMs.low || m.validToMs.high : m.validToMs !== 0))
     w.uint32(56).uint64(m.validToMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Terms.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Terms();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.operatorCode = v;
       else
        delete m.operatorCode;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.operatorName = v;
       else
        delete m.operatorName;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerCode = v;
       else
        delete m.ownerCode;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerName = v;
       else
        delete m.ownerName;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.regionCode = v;
       else
        delete m.regionCode;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.validFromMs = v;
       else
        delete m.validFromMs;
       continue;
      }
     case 7: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.validToMs = v;
       else
        delete m.validToMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Terms;
  })();

  v1.Declaration = (function() {

   const Declaration = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Declaration.prototype.model = "";
   Declaration.prototype.cards = 0;
   Declaration.prototype.declaredMilliP = 0;
   Declaration.prototype.basis = 0;
   Declaration.prototype.author = "";
   Declaration.prototype.declaredAtMs = 0;

   Declaration.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.model != null && $Object.hasOwnProperty.call(m, "model") && m.model !== "")
     w.uint32(10).string(m.model);
    if (m.cards != null && $Object.hasOwnProperty.call(m, "cards") && (typeof m.cards === "object" ? m.cards.low || m.cards.high : m.cards !== 0))
     w.uint32(16).uint64(m.cards);
    if (m.declaredMilliP != null && $Object.hasOwnProperty.call(m, "declaredMilliP") && (typeof m.declaredMilliP === "object" ? m.declaredMilliP.low || m.declaredMilliP.high : m.declaredMilliP !== 0))
     w.uint32(24).uint64(m.declaredMilliP);
    if (m.basis != null && $Object.hasOwnProperty.call(m, "basis") && m.basis !== 0)
     w.uint32(32).uint32(m.basis);
    if (m.author != null && $Object.hasOwnProperty.call(m, "author") && m.author !== "")
     w.uint32(42).string(m.author);
    if (m.declaredAtMs != null && $Object.hasOwnProperty.call(m, "declaredAtMs") && (typeof m.declaredAtMs === "object" ? m.declaredAtMs.low || m.declaredAtMs.high : m.declaredAtMs !== 0))
     w.uint32(48).uint64(m.declaredAtMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Declaration.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Declaration();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.model = v;
       else
        delete m.model;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.cards = v;
       else
        delete m.cards;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.declaredMilliP = v;
       else
        delete m.declaredMilliP;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.basis = v;
       else
        delete m.basis;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.author = v;
       else
        delete m.author;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.declaredAtMs = v;
       else
        delete m.declaredAtMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Declaration;
  })();

  v1.NodeReport = (function() {

   const NodeReport = function (p) {
    this.cards = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   NodeReport.prototype.reported = null;
   NodeReport.prototype.nodeId = "";
   NodeReport.prototype.name = "";
   NodeReport.prototype.siteCode = "";
   NodeReport.prototype.revoked = false;
   NodeReport.prototype.cpuCores = null;
   NodeReport.prototype.cards = $util.emptyArray;

   let $oneOfFields;

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(NodeReport.prototype, "_cpuCores", {
    get: $util.oneOfGetter($oneOfFields = ["cpuCores"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   NodeReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.nodeId != null && $Object.hasOwnProperty.call(m, "nodeId") && m.nodeId !== "")
     w.uint32(18).string(m.nodeId);
    if (m.name != null && $Object.hasOwnProperty.call(m, "name") && m.name !== "")
     w.uint32(26).string(m.name);
    if (m.siteCode != null && $Object.hasOwnProperty.call(m, "siteCode") && m.siteCode !== "")
     w.uint32(34).string(m.siteCode);
    if (m.revoked != null && $Object.hasOwnProperty.call(m, "revoked") && m.revoked !== false)
     w.uint32(40).bool(m.revoked);
    if (m.cpuCores != null && $Object.hasOwnProperty.call(m, "cpuCores"))
     w.uint32(48).uint32(m.cpuCores);
    if (m.cards != null && m.cards.length) {
     for (var i = 0; i < m.cards.length; ++i)
      $root.yiben.v1.ReportedCard.encode(m.cards[i], w.uint32(58).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   NodeReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.NodeReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.nodeId = v;
       else
        delete m.nodeId;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.name = v;
       else
        delete m.name;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.siteCode = v;
       else
        delete m.siteCode;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.revoked = v;
       else
        delete m.revoked;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       m.cpuCores = r.uint32();
       m._cpuCores = "cpuCores";
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       if (!(m.cards && m.cards.length))
        m.cards = [];
       m.cards.push($root.yiben.v1.ReportedCard.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return NodeReport;
  })();

  v1.ReportedProfile = (function() {

   const ReportedProfile = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ReportedProfile.prototype.vendor = "";
   ReportedProfile.prototype.name = "";
   ReportedProfile.prototype.memoryTotalMib = null;
   ReportedProfile.prototype.powerCapWatts = null;

   let $oneOfFields;

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ReportedProfile.prototype, "_memoryTotalMib", {
    get: $util.oneOfGetter($oneOfFields = ["memoryTotalMib"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ReportedProfile.prototype, "_powerCapWatts", {
    get: $util.oneOfGetter($oneOfFields = ["powerCapWatts"]),
    set: $util.oneOfSetter($oneOfFields)
   });

   ReportedProfile.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.vendor != null && $Object.hasOwnProperty.call(m, "vendor") && m.vendor !== "")
     w.uint32(10).string(m.vendor);
    if (m.name != null && $Object.hasOwnProperty.call(m, "name") && m.name !== "")
     w.uint32(18).string(m.name);
    if (m.memoryTotalMib != null && $Object.hasOwnProperty.call(m, "memoryTotalMib"))
     w.uint32(24).uint32(m.memoryTotalMib);
    if (m.powerCapWatts != null && $Object.hasOwnProperty.call(m, "powerCapWatts"))
     w.uint32(32).uint32(m.powerCapWatts);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ReportedProfile.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ReportedProfile();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.vendor = v;
       else
        delete m.vendor;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.name = v;
       else
        delete m.name;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       m.memoryTotalMib = r.uint32();
       m._memoryTotalMib = "memoryTotalMib";
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       m.powerCapWatts = r.uint32();
       m._powerCapWatts = "powerCapWatts";
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ReportedProfile;
  })();

  v1.ReportedCard = (function() {

   const ReportedCard = function (p) {
    this.identities = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ReportedCard.prototype.unitNumber = 0;
   ReportedCard.prototype.acceleratorNumber = 0;
   ReportedCard.prototype.profile = null;
   ReportedCard.prototype.identities = $util.emptyArray;
   ReportedCard.prototype.validFromMs = 0;
   ReportedCard.prototype.bookedToMs = 0;
   ReportedCard.prototype.endedReason = "";
   ReportedCard.prototype.notCounted = false;
   ReportedCard.prototype.inConflict = false;

   ReportedCard.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.unitNumber != null && $Object.hasOwnProperty.call(m, "unitNumber") && (typeof m.unitNumber === "object" ? m.unitNumber.low || m.unitNumber.high : m.unitNumber !== 0))
     w.uint32(8).uint64(m.unitNumber);
    if (m.acceleratorNumber != null && $Object.hasOwnProperty.call(m, "acceleratorNumber") && (typeof m.acceleratorNumber === "object" ? m.acceleratorNumber.low || m.acceleratorNumber.high : m.acceleratorNumber !== 0))
     w.uint32(16).uint64(m.acceleratorNumber);
    if (m.profile != null && $Object.hasOwnProperty.call(m, "profile"))
     $root.yiben.v1.ReportedProfile.encode(m.profile, w.uint32(26).fork(), q + 1).ldelim();
    if (m.identities != null && m.identities.length) {
     for (var i = 0; i < m.identities.length; ++i)
      $root.yiben.v1.Identity.encode(m.identities[i], w.uint32(34).fork(), q + 1).ldelim();
    }
    if (m.validFromMs != null && $Object.hasOwnProperty.call(m, "validFromMs") && (typeof m.validFromMs === "object" ? m.validFromMs.low || m.validFromMs.high : m.validFromMs !== 0))
     w.uint32(40).uint64(m.validFromMs);
    if (m.bookedToMs != null && $Object.hasOwnProperty.call(m, "bookedToMs") && (typeof m.bookedToMs === "object" ? m.bookedToMs.low || m.bookedToMs.high : m.bookedToMs !== 0))
     w.uint32(48).uint64(m.bookedToMs);
    if (m.endedReason != null && $Object.hasOwnProperty.call(m, "endedReason") && m.endedReason !== "")
     w.uint32(58).string(m.endedReason);
    if (m.notCounted != null && $Object.hasOwnProperty.call(m, "notCounted") && m.notCounted !== false)
     w.uint32(64).bool(m.notCounted);
    if (m.inConflict != null && $Object.hasOwnProperty.call(m, "inConflict") && m.inConflict !== false)
     w.uint32(72).bool(m.inConflict);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ReportedCard.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ReportedCard();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.unitNumber = v;
       else
        delete m.unitNumber;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.acceleratorNumber = v;
       else
        delete m.acceleratorNumber;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       m.profile = $root.yiben.v1.ReportedProfile.decode(r, r.size(), $undefined, q + 1, m.profile);
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if (!(m.identities && m.identities.length))
        m.identities = [];
       m.identities.push($root.yiben.v1.Identity.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.validFromMs = v;
       else
        delete m.validFromMs;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.bookedToMs = v;
       else
        delete m.bookedToMs;
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.endedReason = v;
       else
        delete m.endedReason;
       continue;
      }
     case 8: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.notCounted = v;
       else
        delete m.notCounted;
       continue;
      }
     case 9: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.inConflict = v;
       else
        delete m.inConflict;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ReportedCard;
  })();

  v1.HourReport = (function() {

   const HourReport = function (p) {
    this.buckets = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   HourReport.prototype.reported = null;
   HourReport.prototype.siteCode = "";
   HourReport.prototype.hourMs = 0;
   HourReport.prototype.sealVersion = 0;
   HourReport.prototype.knownAtMs = 0;
   HourReport.prototype.buckets = $util.emptyArray;

   HourReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.siteCode != null && $Object.hasOwnProperty.call(m, "siteCode") && m.siteCode !== "")
     w.uint32(18).string(m.siteCode);
    if (m.hourMs != null && $Object.hasOwnProperty.call(m, "hourMs") && (typeof m.hourMs === "object" ? m.hourMs.low || m.hourMs.high : m.hourMs !== 0))
     w.uint32(24).uint64(m.hourMs);
    if (m.sealVersion != null && $Object.hasOwnProperty.call(m, "sealVersion") && m.sealVersion !== 0)
     w.uint32(32).uint32(m.sealVersion);
    if (m.knownAtMs != null && $Object.hasOwnProperty.call(m, "knownAtMs") && (typeof m.knownAtMs === "object" ? m.knownAtMs.low || m.knownAtMs.high : m.knownAtMs !== 0))
     w.uint32(40).uint64(m.knownAtMs);
    if (m.buckets != null && m.buckets.length) {
     for (var i = 0; i < m.buckets.length; ++i)
      $root.yiben.v1.ReportedBucket.encode(m.buckets[i], w.uint32(50).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   HourReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.HourReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.siteCode = v;
       else
        delete m.siteCode;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.hourMs = v;
       else
        delete m.hourMs;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.sealVersion = v;
       else
        delete m.sealVersion;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.knownAtMs = v;
       else
        delete m.knownAtMs;
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       if (!(m.buckets && m.buckets.length))
        m.buckets = [];
       m.buckets.push($root.yiben.v1.ReportedBucket.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return HourReport;
  })();

  v1.ReportedBucket = (function() {

   const ReportedBucket = function (p) {
    this.figures = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ReportedBucket.prototype.ownerCode = "";
   ReportedBucket.prototype.profile = null;
   ReportedBucket.prototype.cards = 0;
   ReportedBucket.prototype.figures = $util.emptyArray;

   ReportedBucket.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.ownerCode != null && $Object.hasOwnProperty.call(m, "ownerCode") && m.ownerCode !== "")
     w.uint32(10).string(m.ownerCode);
    if (m.profile != null && $Object.hasOwnProperty.call(m, "profile"))
     $root.yiben.v1.ReportedProfile.encode(m.profile, w.uint32(18).fork(), q + 1).ldelim();
    if (m.cards != null && $Object.hasOwnProperty.call(m, "cards") && m.cards !== 0)
     w.uint32(24).uint32(m.cards);
    if (m.figures != null && m.figures.length) {
     w.uint32(34).uint64s(m.figures);
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ReportedBucket.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ReportedBucket();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerCode = v;
       else
        delete m.ownerCode;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       m.profile = $root.yiben.v1.ReportedProfile.decode(r, r.size(), $undefined, q + 1, m.profile);
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.cards = v;
       else
        delete m.cards;
       continue;
      }
     case 4: {
       if (u === 2) {
        if (!(m.figures && m.figures.length))
         m.figures = [];
        r.uint64s(m.figures);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.figures && m.figures.length))
        m.figures = [];
       m.figures.push(r.uint64());
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ReportedBucket;
  })();

  v1.CountsReport = (function() {

   const CountsReport = function (p) {
    this.counts = [];
    this.nodes = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   CountsReport.prototype.reported = null;
   CountsReport.prototype.siteCode = "";
   CountsReport.prototype.atMs = 0;
   CountsReport.prototype.counts = $util.emptyArray;
   CountsReport.prototype.nodes = $util.emptyArray;

   CountsReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.siteCode != null && $Object.hasOwnProperty.call(m, "siteCode") && m.siteCode !== "")
     w.uint32(18).string(m.siteCode);
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(24).uint64(m.atMs);
    if (m.counts != null && m.counts.length) {
     for (var i = 0; i < m.counts.length; ++i)
      $root.yiben.v1.ReportedCount.encode(m.counts[i], w.uint32(34).fork(), q + 1).ldelim();
    }
    if (m.nodes != null && m.nodes.length) {
     for (var i = 0; i < m.nodes.length; ++i)
      $root.yiben.v1.ReportedNodeCount.encode(m.nodes[i], w.uint32(42).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   CountsReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.CountsReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.siteCode = v;
       else
        delete m.siteCode;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if (!(m.counts && m.counts.length))
        m.counts = [];
       m.counts.push($root.yiben.v1.ReportedCount.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if (!(m.nodes && m.nodes.length))
        m.nodes = [];
       m.nodes.push($root.yiben.v1.ReportedNodeCount.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return CountsReport;
  })();

  v1.ReportedCount = (function() {

   const ReportedCount = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ReportedCount.prototype.ownerCode = "";
   ReportedCount.prototype.profile = null;
   ReportedCount.prototype.connection = 0;
   ReportedCount.prototype.state = 0;
   ReportedCount.prototype.deposited = false;
   ReportedCount.prototype.schedulerRead = false;
   ReportedCount.prototype.cards = 0;

   ReportedCount.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.ownerCode != null && $Object.hasOwnProperty.call(m, "ownerCode") && m.ownerCode !== "")
     w.uint32(10).string(m.ownerCode);
    if (m.profile != null && $Object.hasOwnProperty.call(m, "profile"))
     $root.yiben.v1.ReportedProfile.encode(m.profile, w.uint32(18).fork(), q + 1).ldelim();
    if (m.connection != null && $Object.hasOwnProperty.call(m, "connection") && m.connection !== 0)
     w.uint32(24).uint32(m.connection);
    if (m.state != null && $Object.hasOwnProperty.call(m, "state") && m.state !== 0)
     w.uint32(32).uint32(m.state);
    if (m.deposited != null && $Object.hasOwnProperty.call(m, "deposited") && m.deposited !== false)
     w.uint32(40).bool(m.deposited);
    if (m.schedulerRead != null && $Object.hasOwnProperty.call(m, "schedulerRead") && m.schedulerRead !== false)
     w.uint32(48).bool(m.schedulerRead);
    if (m.cards != null && $Object.hasOwnProperty.call(m, "cards") && m.cards !== 0)
     w.uint32(56).uint32(m.cards);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ReportedCount.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ReportedCount();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerCode = v;
       else
        delete m.ownerCode;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       m.profile = $root.yiben.v1.ReportedProfile.decode(r, r.size(), $undefined, q + 1, m.profile);
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.connection = v;
       else
        delete m.connection;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.state = v;
       else
        delete m.state;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.deposited = v;
       else
        delete m.deposited;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.schedulerRead = v;
       else
        delete m.schedulerRead;
       continue;
      }
     case 7: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.cards = v;
       else
        delete m.cards;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ReportedCount;
  })();

  v1.ReportedNodeCount = (function() {

   const ReportedNodeCount = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ReportedNodeCount.prototype.ownerCode = "";
   ReportedNodeCount.prototype.connection = 0;
   ReportedNodeCount.prototype.nodes = 0;
   ReportedNodeCount.prototype.nodesWithoutCores = 0;
   ReportedNodeCount.prototype.cores = 0;

   ReportedNodeCount.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.ownerCode != null && $Object.hasOwnProperty.call(m, "ownerCode") && m.ownerCode !== "")
     w.uint32(10).string(m.ownerCode);
    if (m.connection != null && $Object.hasOwnProperty.call(m, "connection") && m.connection !== 0)
     w.uint32(16).uint32(m.connection);
    if (m.nodes != null && $Object.hasOwnProperty.call(m, "nodes") && m.nodes !== 0)
     w.uint32(24).uint32(m.nodes);
    if (m.nodesWithoutCores != null && $Object.hasOwnProperty.call(m, "nodesWithoutCores") && m.nodesWithoutCores !== 0)
     w.uint32(32).uint32(m.nodesWithoutCores);
    if (m.cores != null && $Object.hasOwnProperty.call(m, "cores") && (typeof m.cores === "object" ? m.cores.low || m.cores.high : m.cores !== 0))
     w.uint32(40).uint64(m.cores);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ReportedNodeCount.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ReportedNodeCount();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.ownerCode = v;
       else
        delete m.ownerCode;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.connection = v;
       else
        delete m.connection;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.nodes = v;
       else
        delete m.nodes;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.nodesWithoutCores = v;
       else
        delete m.nodesWithoutCores;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.cores = v;
       else
        delete m.cores;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ReportedNodeCount;
  })();

  v1.CheckpointReport = (function() {

   const CheckpointReport = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   CheckpointReport.prototype.reported = null;
   CheckpointReport.prototype.note = "";

   CheckpointReport.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reported != null && $Object.hasOwnProperty.call(m, "reported"))
     $root.yiben.v1.Reported.encode(m.reported, w.uint32(10).fork(), q + 1).ldelim();
    if (m.note != null && $Object.hasOwnProperty.call(m, "note") && m.note !== "")
     w.uint32(18).string(m.note);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   CheckpointReport.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.CheckpointReport();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       m.reported = $root.yiben.v1.Reported.decode(r, r.size(), $undefined, q + 1, m.reported);
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.note = v;
       else
        delete m.note;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return CheckpointReport;
  })();

  v1.Heartbeat = (function() {

   const Heartbeat = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Heartbeat.prototype.samplesLessOne = 0;
   Heartbeat.prototype.freeUnits = $util.newBuffer([]);

   Heartbeat.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.samplesLessOne != null && $Object.hasOwnProperty.call(m, "samplesLessOne") && m.samplesLessOne !== 0)
     w.uint32(8).sint32(m.samplesLessOne);
    if (m.freeUnits != null && $Object.hasOwnProperty.call(m, "freeUnits") && m.freeUnits.length)
     w.uint32(18).bytes(m.freeUnits);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Heartbeat.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Heartbeat();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.sint32())
        m.samplesLessOne = v;
       else
        delete m.samplesLessOne;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.freeUnits = v;
       else
        delete m.freeUnits;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Heartbeat;
  })();

  v1.Event = (function() {

   const Event = function (p) {
    this.units = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Event.prototype.units = $util.emptyArray;
   Event.prototype.kind = 0;
   Event.prototype.atMs = 0;

   Event.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.units != null && m.units.length) {
     w.uint32(10).uint32s(m.units);
    }
    if (m.kind != null && $Object.hasOwnProperty.call(m, "kind") && m.kind !== 0)
     w.uint32(16).uint32(m.kind);
    if (m.atMs != null && $Object.hasOwnProperty.call(m, "atMs") && (typeof m.atMs === "object" ? m.atMs.low || m.atMs.high : m.atMs !== 0))
     w.uint32(24).uint64(m.atMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Event.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Event();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u === 2) {
        if (!(m.units && m.units.length))
         m.units = [];
        r.uint32s(m.units);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push(r.uint32());
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.kind = v;
       else
        delete m.kind;
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.atMs = v;
       else
        delete m.atMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Event;
  })();

  v1.Ack = (function() {

   const Ack = function (p) {
    this.refused = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Ack.prototype.watermark = 0;
   Ack.prototype.refused = $util.emptyArray;
   Ack.prototype.windowFrames = 0;
   Ack.prototype.windowBytes = 0;
   Ack.prototype.serverTimeMs = 0;

   Ack.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.watermark != null && $Object.hasOwnProperty.call(m, "watermark") && (typeof m.watermark === "object" ? m.watermark.low || m.watermark.high : m.watermark !== 0))
     w.uint32(8).uint64(m.watermark);
    if (m.refused != null && m.refused.length) {
     for (var i = 0; i < m.refused.length; ++i)
      $root.yiben.v1.RefusedRecord.encode(m.refused[i], w.uint32(18).fork(), q + 1).ldelim();
    }
    if (m.windowFrames != null && $Object.hasOwnProperty.call(m, "windowFrames") && m.windowFrames !== 0)
     w.uint32(24).uint32(m.windowFrames);
    if (m.windowBytes != null && $Object.hasOwnProperty.call(m, "windowBytes") && m.windowBytes !== 0)
     w.uint32(32).uint32(m.windowBytes);
    if (m.serverTimeMs != null && $Object.hasOwnProperty.call(m, "serverTimeMs") && (typeof m.serverTimeMs === "object" ? m.serverTimeMs.low || m.serverTimeMs.high : m.serverTimeMs !== 0))
     w.uint32(40).uint64(m.serverTimeMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Ack.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Ack();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.watermark = v;
       else
        delete m.watermark;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if (!(m.refused && m.refused.length))
        m.refused = [];
       m.refused.push($root.yiben.v1.RefusedRecord.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.windowFrames = v;
       else
        delete m.windowFrames;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.windowBytes = v;
       else
        delete m.windowBytes;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.serverTimeMs = v;
       else
        delete m.serverTimeMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Ack;
  })();

  v1.RefusedRecord = (function() {

   const RefusedRecord = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   RefusedRecord.prototype.seq = 0;
   RefusedRecord.prototype.code = "";
   RefusedRecord.prototype.sentence = "";

   RefusedRecord.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.seq != null && $Object.hasOwnProperty.call(m, "seq") && (typeof m.seq === "object" ? m.seq.low || m.seq.high : m.seq !== 0))
     w.uint32(8).uint64(m.seq);
    if (m.code != null && $Object.hasOwnProperty.call(m, "code") && m.code !== "")
     w.uint32(18).string(m.code);
    if (m.sentence != null && $Object.hasOwnProperty.call(m, "sentence") && m.sentence !== "")
     w.uint32(26).string(m.sentence);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   RefusedRecord.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.RefusedRecord();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.seq = v;
       else
        delete m.seq;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.code = v;
       else
        delete m.code;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.sentence = v;
       else
        delete m.sentence;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return RefusedRecord;
  })();

  v1.NeedFacts = (function() {

   const NeedFacts = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   NeedFacts.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   NeedFacts.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.NeedFacts();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     r.skipType(t & 7, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return NeedFacts;
  })();

  v1.Drain = (function() {

   const Drain = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Drain.prototype.reconnectAfterMs = 0;
   Drain.prototype.jitterMs = 0;

   Drain.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.reconnectAfterMs != null && $Object.hasOwnProperty.call(m, "reconnectAfterMs") && m.reconnectAfterMs !== 0)
     w.uint32(8).uint32(m.reconnectAfterMs);
    if (m.jitterMs != null && $Object.hasOwnProperty.call(m, "jitterMs") && m.jitterMs !== 0)
     w.uint32(16).uint32(m.jitterMs);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Drain.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Drain();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.reconnectAfterMs = v;
       else
        delete m.reconnectAfterMs;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.jitterMs = v;
       else
        delete m.jitterMs;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Drain;
  })();

  v1.LeaseQuery = (function() {

   const LeaseQuery = function (p) {
    this.units = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   LeaseQuery.prototype.queryId = "";
   LeaseQuery.prototype.units = $util.emptyArray;
   LeaseQuery.prototype.untilMs = 0;
   LeaseQuery.prototype.startMs = 0;
   LeaseQuery.prototype.epoch = $util.newBuffer([]);

   LeaseQuery.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.queryId != null && $Object.hasOwnProperty.call(m, "queryId") && m.queryId !== "")
     w.uint32(10).string(m.queryId);
    if (m.units != null && m.units.length) {
     w.uint32(18).uint32s(m.units);
    }
    if (m.untilMs != null && $Object.hasOwnProperty.call(m, "untilMs") && (typeof m.untilMs === "object" ? m.untilMs.low || m.untilMs.high : m.untilMs !== 0))
     w.uint32(24).uint64(m.untilMs);
    if (m.startMs != null && $Object.hasOwnProperty.call(m, "startMs") && (typeof m.startMs === "object" ? m.startMs.low || m.startMs.high : m.startMs !== 0))
     w.uint32(32).uint64(m.startMs);
    if (m.epoch != null && $Object.hasOwnProperty.call(m, "epoch") && m.epoch.length)
     w.uint32(42).bytes(m.epoch);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   LeaseQuery.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.LeaseQuery();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.queryId = v;
       else
        delete m.queryId;
       continue;
      }
     case 2: {
       if (u === 2) {
        if (!(m.units && m.units.length))
         m.units = [];
        r.uint32s(m.units);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push(r.uint32());
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.untilMs = v;
       else
        delete m.untilMs;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.startMs = v;
       else
        delete m.startMs;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.epoch = v;
       else
        delete m.epoch;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return LeaseQuery;
  })();

  v1.LeaseAnswer = (function() {

   const LeaseAnswer = function (p) {
    this.declinedUnits = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   LeaseAnswer.prototype.queryId = "";
   LeaseAnswer.prototype.accepted = false;
   LeaseAnswer.prototype.reason = "";
   LeaseAnswer.prototype.sampledAtMs = 0;
   LeaseAnswer.prototype.fenced = false;
   LeaseAnswer.prototype.declinedUnits = $util.emptyArray;

   LeaseAnswer.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.queryId != null && $Object.hasOwnProperty.call(m, "queryId") && m.queryId !== "")
     w.uint32(10).string(m.queryId);
    if (m.accepted != null && $Object.hasOwnProperty.call(m, "accepted") && m.accepted !== false)
     w.uint32(16).bool(m.accepted);
    if (m.reason != null && $Object.hasOwnProperty.call(m, "reason") && m.reason !== "")
     w.uint32(26).string(m.reason);
    if (m.sampledAtMs != null && $Object.hasOwnProperty.call(m, "sampledAtMs") && (typeof m.sampledAtMs === "object" ? m.sampledAtMs.low || m.sampledAtMs.high : m.sampledAtMs !== 0))
     w.uint32(32).uint64(m.sampledAtMs);
    if (m.fenced != null && $Object.hasOwnProperty.call(m, "fenced") && m.fenced !== false)
     w.uint32(40).bool(m.fenced);
    if (m.declinedUnits != null && m.declinedUnits.length) {
     w.uint32(50).uint32s(m.declinedUnits);
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   LeaseAnswer.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.LeaseAnswer();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.queryId = v;
       else
        delete m.queryId;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.accepted = v;
       else
        delete m.accepted;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.reason = v;
       else
        delete m.reason;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.sampledAtMs = v;
       else
        delete m.sampledAtMs;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (v = r.bool())
        m.fenced = v;
       else
        delete m.fenced;
       continue;
      }
     case 6: {
       if (u === 2) {
        if (!(m.declinedUnits && m.declinedUnits.length))
         m.declinedUnits = [];
        r.uint32s(m.declinedUnits);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.declinedUnits && m.declinedUnits.length))
        m.declinedUnits = [];
       m.declinedUnits.push(r.uint32());
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return LeaseAnswer;
  })();

  v1.LeaseNotice = (function() {

   const LeaseNotice = function (p) {
    this.units = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   LeaseNotice.prototype.leaseId = "";
   LeaseNotice.prototype.kind = 0;
   LeaseNotice.prototype.units = $util.emptyArray;
   LeaseNotice.prototype.startMs = 0;
   LeaseNotice.prototype.endMs = 0;
   LeaseNotice.prototype.algorithm = 0;
   LeaseNotice.prototype.signature = $util.newBuffer([]);
   LeaseNotice.prototype.revision = 0;
   LeaseNotice.prototype.epoch = $util.newBuffer([]);
   LeaseNotice.prototype.account = "";
   LeaseNotice.prototype.cause = "";

   LeaseNotice.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.leaseId != null && $Object.hasOwnProperty.call(m, "leaseId") && m.leaseId !== "")
     w.uint32(10).string(m.leaseId);
    if (m.kind != null && $Object.hasOwnProperty.call(m, "kind") && m.kind !== 0)
     w.uint32(16).uint32(m.kind);
    if (m.units != null && m.units.length) {
     w.uint32(26).uint32s(m.units);
    }
    if (m.startMs != null && $Object.hasOwnProperty.call(m, "startMs") && (typeof m.startMs === "object" ? m.startMs.low || m.startMs.high : m.startMs !== 0))
     w.uint32(32).uint64(m.startMs);
    if (m.endMs != null && $Object.hasOwnProperty.call(m, "endMs") && (typeof m.endMs === "object" ? m.endMs.low || m.endMs.high : m.endMs !== 0))
     w.uint32(40).uint64(m.endMs);
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(48).uint32(m.algorithm);
    if (m.signature != null && $Object.hasOwnProperty.call(m, "signature") && m.signature.length)
     w.uint32(58).bytes(m.signature);
    if (m.revision != null && $Object.hasOwnProperty.call(m, "revision") && m.revision !== 0)
     w.uint32(64).uint32(m.revision);
    if (m.epoch != null && $Object.hasOwnProperty.call(m, "epoch") && m.epoch.length)
     w.uint32(74).bytes(m.epoch);
    if (m.account != null && $Object.hasOwnProperty.call(m, "account") && m.account !== "")
     w.uint32(82).string(m.account);
    if (m.cause != null && $Object.hasOwnProperty.call(m, "cause") && m.cause !== "")
     w.uint32(90).string(m.cause);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   LeaseNotice.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.LeaseNotice();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.leaseId = v;
       else
        delete m.leaseId;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.kind = v;
       else
        delete m.kind;
       continue;
      }
     case 3: {
       if (u === 2) {
        if (!(m.units && m.units.length))
         m.units = [];
        r.uint32s(m.units);
        continue;
       }
       if (u !== 0)
        break;
       if (!(m.units && m.units.length))
        m.units = [];
       m.units.push(r.uint32());
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.startMs = v;
       else
        delete m.startMs;
       continue;
      }
     case 5: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.endMs = v;
       else
        delete m.endMs;
       continue;
      }
     case 6: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 7: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.signature = v;
       else
        delete m.signature;
       continue;
      }
     case 8: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.revision = v;
       else
        delete m.revision;
       continue;
      }
     case 9: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.epoch = v;
       else
        delete m.epoch;
       continue;
      }
     case 10: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.account = v;
       else
        delete m.account;
       continue;
      }
     case 11: {
       if (u !== 2)
        break;
       if ((v = r.stringVerify()).length)
        m.cause = v;
       else
        delete m.cause;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return LeaseNotice;
  })();

  v1.Leases = (function() {

   const Leases = function (p) {
    this.leases = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   Leases.prototype.leases = $util.emptyArray;

   Leases.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.leases != null && m.leases.length) {
     for (var i = 0; i < m.leases.length; ++i)
      $root.yiben.v1.LeaseNotice.encode(m.leases[i], w.uint32(10).fork(), q + 1).ldelim();
    }
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   Leases.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.Leases();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if (!(m.leases && m.leases.length))
        m.leases = [];
       m.leases.push($root.yiben.v1.LeaseNotice.decode(r, r.size(), $undefined, q + 1));
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return Leases;
  })();

  v1.TrustRoots = (function() {

   const TrustRoots = function (p) {
    this.roots = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   TrustRoots.prototype.version = 0;
   TrustRoots.prototype.roots = $util.emptyArray;
   TrustRoots.prototype.algorithm = 0;
   TrustRoots.prototype.signature = $util.newBuffer([]);

   TrustRoots.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.version != null && $Object.hasOwnProperty.call(m, "version") && (typeof m.version === "object" ? m.version.low || m.version.high : m.version !== 0))
     w.uint32(8).uint64(m.version);
    if (m.roots != null && m.roots.length) {
     for (var i = 0; i < m.roots.length; ++i)
      w.uint32(18).bytes(m.roots[i]);
    }
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(24).uint32(m.algorithm);
    if (m.signature != null && $Object.hasOwnProperty.call(m, "signature") && m.signature.length)
     w.uint32(34).bytes(m.signature);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   TrustRoots.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.TrustRoots();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.version = v;
       else
        delete m.version;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if (!(m.roots && m.roots.length))
        m.roots = [];
       m.roots.push(r.bytes());
       continue;
      }
     case 3: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.signature = v;
       else
        delete m.signature;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return TrustRoots;
  })();

  v1.TrustKnown = (function() {

   const TrustKnown = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   TrustKnown.prototype.version = 0;

   TrustKnown.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.version != null && $Object.hasOwnProperty.call(m, "version") && (typeof m.version === "object" ? m.version.low || m.version.high : m.version !== 0))
     w.uint32(8).uint64(m.version);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   TrustKnown.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.TrustKnown();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.version = v;
       else
        delete m.version;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return TrustKnown;
  })();

  v1.RotateKey = (function() {

   const RotateKey = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   RotateKey.prototype.nonce = $util.newBuffer([]);
   RotateKey.prototype.oldKey = $util.newBuffer([]);
   RotateKey.prototype.newKey = $util.newBuffer([]);
   RotateKey.prototype.algorithm = 0;
   RotateKey.prototype.signature = $util.newBuffer([]);

   RotateKey.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.nonce != null && $Object.hasOwnProperty.call(m, "nonce") && m.nonce.length)
     w.uint32(10).bytes(m.nonce);
    if (m.oldKey != null && $Object.hasOwnProperty.call(m, "oldKey") && m.oldKey.length)
     w.uint32(18).bytes(m.oldKey);
    if (m.newKey != null && $Object.hasOwnProperty.call(m, "newKey") && m.newKey.length)
     w.uint32(26).bytes(m.newKey);
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(32).uint32(m.algorithm);
    if (m.signature != null && $Object.hasOwnProperty.call(m, "signature") && m.signature.length)
     w.uint32(42).bytes(m.signature);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   RotateKey.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.RotateKey();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.nonce = v;
       else
        delete m.nonce;
       continue;
      }
     case 2: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.oldKey = v;
       else
        delete m.oldKey;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.newKey = v;
       else
        delete m.newKey;
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.signature = v;
       else
        delete m.signature;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return RotateKey;
  })();

  v1.KeyChange = (function() {

   const KeyChange = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   KeyChange.prototype.nonce = $util.newBuffer([]);
   KeyChange.prototype.algorithm = 0;
   KeyChange.prototype.newKey = $util.newBuffer([]);
   KeyChange.prototype.fingerprint = $util.newBuffer([]);
   KeyChange.prototype.oldSignature = $util.newBuffer([]);
   KeyChange.prototype.newSignature = $util.newBuffer([]);

   KeyChange.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.nonce != null && $Object.hasOwnProperty.call(m, "nonce") && m.nonce.length)
     w.uint32(10).bytes(m.nonce);
    if (m.algorithm != null && $Object.hasOwnProperty.call(m, "algorithm") && m.algorithm !== 0)
     w.uint32(16).uint32(m.algorithm);
    if (m.newKey != null && $Object.hasOwnProperty.call(m, "newKey") && m.newKey.length)
     w.uint32(26).bytes(m.newKey);
    if (m.fingerprint != null && $Object.hasOwnProperty.call(m, "fingerprint") && m.fingerprint.length)
     w.uint32(34).bytes(m.fingerprint);
    if (m.oldSignature != null && $Object.hasOwnProperty.call(m, "oldSignature") && m.oldSignature.length)
     w.uint32(42).bytes(m.oldSignature);
    if (m.newSignature != null && $Object.hasOwnProperty.call(m, "newSignature") && m.newSignature.length)
     w.uint32(50).bytes(m.newSignature);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   KeyChange.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.KeyChange();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.nonce = v;
       else
        delete m.nonce;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.algorithm = v;
       else
        delete m.algorithm;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.newKey = v;
       else
        delete m.newKey;
       continue;
      }
     case 4: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.fingerprint = v;
       else
        delete m.fingerprint;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.oldSignature = v;
       else
        delete m.oldSignature;
       continue;
      }
     case 6: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.newSignature = v;
       else
        delete m.newSignature;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return KeyChange;
  })();

  v1.ChildAsk = (function() {

   const ChildAsk = function (p) {
    this.path = [];
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ChildAsk.prototype.askId = 0;
   ChildAsk.prototype.kind = 0;
   ChildAsk.prototype.path = $util.emptyArray;
   ChildAsk.prototype.withinMs = 0;
   ChildAsk.prototype.body = $util.newBuffer([]);

   ChildAsk.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.askId != null && $Object.hasOwnProperty.call(m, "askId") && (typeof m.askId === "object" ? m.askId.low || m.askId.high : m.askId !== 0))
     w.uint32(8).uint64(m.askId);
    if (m.kind != null && $Object.hasOwnProperty.call(m, "kind") && m.kind !== 0)
     w.uint32(16).uint32(m.kind);
    if (m.path != null && m.path.length) {
     for (var i = 0; i < m.path.length; ++i)
      w.uint32(26).string(m.path[i]);
    }
    if (m.withinMs != null && $Object.hasOwnProperty.call(m, "withinMs") && m.withinMs !== 0)
     w.uint32(32).uint32(m.withinMs);
    if (m.body != null && $Object.hasOwnProperty.call(m, "body") && m.body.length)
     w.uint32(42).bytes(m.body);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ChildAsk.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ChildAsk();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.askId = v;
       else
        delete m.askId;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.kind = v;
       else
        delete m.kind;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if (!(m.path && m.path.length))
        m.path = [];
       m.path.push(r.stringVerify());
       continue;
      }
     case 4: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.withinMs = v;
       else
        delete m.withinMs;
       continue;
      }
     case 5: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.body = v;
       else
        delete m.body;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ChildAsk;
  })();

  v1.ChildAnswer = (function() {

   const ChildAnswer = function (p) {
    if (p)
     for (var ks = $Object.keys(p), i = 0; i < ks.length; ++i)
      if (p[ks[i]] != null && ks[i] !== "__proto__")
       this[ks[i]] = p[ks[i]];
   };

   ChildAnswer.prototype.askId = 0;
   ChildAnswer.prototype.status = 0;
   ChildAnswer.prototype.body = $util.newBuffer([]);

   ChildAnswer.encode = function (m, w, q) {
    if (!w)
     w = $Writer.create();
    if (q === $undefined)
     q = 0;
    if (q > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (m.askId != null && $Object.hasOwnProperty.call(m, "askId") && (typeof m.askId === "object" ? m.askId.low || m.askId.high : m.askId !== 0))
     w.uint32(8).uint64(m.askId);
    if (m.status != null && $Object.hasOwnProperty.call(m, "status") && m.status !== 0)
     w.uint32(16).uint32(m.status);
    if (m.body != null && $Object.hasOwnProperty.call(m, "body") && m.body.length)
     w.uint32(26).bytes(m.body);
    if (m.$unknowns != null && $Object.hasOwnProperty.call(m, "$unknowns"))
     for (var i = 0; i < m.$unknowns.length; ++i)
      w.raw(m.$unknowns[i]);
    return w;
   };

   ChildAnswer.decode = function (r, l, z, q, g) {
    if (!(r instanceof $Reader))
     r = $Reader.create(r);
    if (q === $undefined)
     q = 0;
    if (q > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    var c, m, v;
    if (l === $undefined)
     c = r.len;
    else {
     c = r.pos + l;
     if (c > r.len)
      throw $RangeError("index out of range");
     l = r.len;
     r.len = c;
    }
    m = g || new $root.yiben.v1.ChildAnswer();
    while (r.pos < c) {
     var s = r.pos;
     var t = r.tag();
     if (t === z) {
      z = $undefined;
      break;
     }
     var u = t & 7;
     switch (t >>>= 3) {
     case 1: {
       if (u !== 0)
        break;
       if (typeof (v = r.uint64()) === "object" ? v.low || v.high : v !== 0)
        m.askId = v;
       else
        delete m.askId;
       continue;
      }
     case 2: {
       if (u !== 0)
        break;
       if (v = r.uint32())
        m.status = v;
       else
        delete m.status;
       continue;
      }
     case 3: {
       if (u !== 2)
        break;
       if ((v = r.bytes()).length)
        m.body = v;
       else
        delete m.body;
       continue;
      }
     }
     r.skipType(u, q, t);
     if (!r.discardUnknown) {
      $util.makeProp(m, "$unknowns", false);
      (m.$unknowns || (m.$unknowns = [])).push(r.raw(s, r.pos));
     }
    }
    if (l !== $undefined) {
     if (r.pos !== c)
      throw $RangeError("index out of range");
     r.len = l;
    }
    if (z !== $undefined)
     throw $Error("missing end group");
    return m;
   };

   return ChildAnswer;
  })();

  return v1;
 })();

 return yiben;
})();

export {
$root as default
};

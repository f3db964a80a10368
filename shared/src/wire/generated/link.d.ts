import * as $protobuf from "protobufjs/minimal.js";

export namespace yiben {

    namespace v1 {

        interface IToCollector extends yiben.v1.ToCollector.$Properties {
        }

        class ToCollector {
            constructor(p?: yiben.v1.ToCollector.$Properties);
            $unknowns?: Uint8Array[];
            hello?: (yiben.v1.Hello.$Properties|null);
            proof?: (yiben.v1.Proof.$Properties|null);
            batch?: (yiben.v1.Batch.$Properties|null);
            heartbeat?: (yiben.v1.Heartbeat.$Properties|null);
            event?: (yiben.v1.Event.$Properties|null);
            leaseAnswer?: (yiben.v1.LeaseAnswer.$Properties|null);
            leases?: (yiben.v1.Leases.$Properties|null);
            childAnswer?: (yiben.v1.ChildAnswer.$Properties|null);
            keyChange?: (yiben.v1.KeyChange.$Properties|null);
            trustKnown?: (yiben.v1.TrustKnown.$Properties|null);
            message?: ("hello"|"proof"|"batch"|"heartbeat"|"event"|"leaseAnswer"|"leases"|"childAnswer"|"keyChange"|"trustKnown");
            static encode(m: yiben.v1.ToCollector.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ToCollector & yiben.v1.ToCollector.$Shape;
        }

        namespace ToCollector {
            interface $Properties {
                hello?: (yiben.v1.Hello.$Properties|null);
                proof?: (yiben.v1.Proof.$Properties|null);
                batch?: (yiben.v1.Batch.$Properties|null);
                heartbeat?: (yiben.v1.Heartbeat.$Properties|null);
                event?: (yiben.v1.Event.$Properties|null);
                leaseAnswer?: (yiben.v1.LeaseAnswer.$Properties|null);
                leases?: (yiben.v1.Leases.$Properties|null);
                childAnswer?: (yiben.v1.ChildAnswer.$Properties|null);
                keyChange?: (yiben.v1.KeyChange.$Properties|null);
                trustKnown?: (yiben.v1.TrustKnown.$Properties|null);
                message?: ("hello"|"proof"|"batch"|"heartbeat"|"event"|"leaseAnswer"|"leases"|"childAnswer"|"keyChange"|"trustKnown");
                $unknowns?: Uint8Array[];
            }
            type $Shape = {
              hello?: yiben.v1.Hello.$Shape|null;
              proof?: yiben.v1.Proof.$Shape|null;
              batch?: yiben.v1.Batch.$Shape|null;
              heartbeat?: yiben.v1.Heartbeat.$Shape|null;
              event?: yiben.v1.Event.$Shape|null;
              leaseAnswer?: yiben.v1.LeaseAnswer.$Shape|null;
              leases?: yiben.v1.Leases.$Shape|null;
              childAnswer?: yiben.v1.ChildAnswer.$Shape|null;
              keyChange?: yiben.v1.KeyChange.$Shape|null;
              trustKnown?: yiben.v1.TrustKnown.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ message?: undefined; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "hello"; hello: yiben.v1.Hello.$Shape; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "proof"; hello?: null; proof: yiben.v1.Proof.$Shape; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "batch"; hello?: null; proof?: null; batch: yiben.v1.Batch.$Shape; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "heartbeat"; hello?: null; proof?: null; batch?: null; heartbeat: yiben.v1.Heartbeat.$Shape; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "event"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event: yiben.v1.Event.$Shape; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "leaseAnswer"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer: yiben.v1.LeaseAnswer.$Shape; leases?: null; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "leases"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases: yiben.v1.Leases.$Shape; childAnswer?: null; keyChange?: null; trustKnown?: null }|{ message?: "childAnswer"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer: yiben.v1.ChildAnswer.$Shape; keyChange?: null; trustKnown?: null }|{ message?: "keyChange"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange: yiben.v1.KeyChange.$Shape; trustKnown?: null }|{ message?: "trustKnown"; hello?: null; proof?: null; batch?: null; heartbeat?: null; event?: null; leaseAnswer?: null; leases?: null; childAnswer?: null; keyChange?: null; trustKnown: yiben.v1.TrustKnown.$Shape })
            );
        }

        interface IToNode extends yiben.v1.ToNode.$Properties {
        }

        class ToNode {
            constructor(p?: yiben.v1.ToNode.$Properties);
            $unknowns?: Uint8Array[];
            challenge?: (yiben.v1.Challenge.$Properties|null);
            welcome?: (yiben.v1.Welcome.$Properties|null);
            refusal?: (yiben.v1.Refusal.$Properties|null);
            ack?: (yiben.v1.Ack.$Properties|null);
            leaseQuery?: (yiben.v1.LeaseQuery.$Properties|null);
            leaseNotice?: (yiben.v1.LeaseNotice.$Properties|null);
            needFacts?: (yiben.v1.NeedFacts.$Properties|null);
            drain?: (yiben.v1.Drain.$Properties|null);
            childAsk?: (yiben.v1.ChildAsk.$Properties|null);
            trustRoots?: (yiben.v1.TrustRoots.$Properties|null);
            rotateKey?: (yiben.v1.RotateKey.$Properties|null);
            message?: ("challenge"|"welcome"|"refusal"|"ack"|"leaseQuery"|"leaseNotice"|"needFacts"|"drain"|"childAsk"|"trustRoots"|"rotateKey");
            static encode(m: yiben.v1.ToNode.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ToNode & yiben.v1.ToNode.$Shape;
        }

        namespace ToNode {
            interface $Properties {
                challenge?: (yiben.v1.Challenge.$Properties|null);
                welcome?: (yiben.v1.Welcome.$Properties|null);
                refusal?: (yiben.v1.Refusal.$Properties|null);
                ack?: (yiben.v1.Ack.$Properties|null);
                leaseQuery?: (yiben.v1.LeaseQuery.$Properties|null);
                leaseNotice?: (yiben.v1.LeaseNotice.$Properties|null);
                needFacts?: (yiben.v1.NeedFacts.$Properties|null);
                drain?: (yiben.v1.Drain.$Properties|null);
                childAsk?: (yiben.v1.ChildAsk.$Properties|null);
                trustRoots?: (yiben.v1.TrustRoots.$Properties|null);
                rotateKey?: (yiben.v1.RotateKey.$Properties|null);
                message?: ("challenge"|"welcome"|"refusal"|"ack"|"leaseQuery"|"leaseNotice"|"needFacts"|"drain"|"childAsk"|"trustRoots"|"rotateKey");
                $unknowns?: Uint8Array[];
            }
            type $Shape = {
              challenge?: yiben.v1.Challenge.$Shape|null;
              welcome?: yiben.v1.Welcome.$Shape|null;
              refusal?: yiben.v1.Refusal.$Shape|null;
              ack?: yiben.v1.Ack.$Shape|null;
              leaseQuery?: yiben.v1.LeaseQuery.$Shape|null;
              leaseNotice?: yiben.v1.LeaseNotice.$Shape|null;
              needFacts?: yiben.v1.NeedFacts.$Shape|null;
              drain?: yiben.v1.Drain.$Shape|null;
              childAsk?: yiben.v1.ChildAsk.$Shape|null;
              trustRoots?: yiben.v1.TrustRoots.$Shape|null;
              rotateKey?: yiben.v1.RotateKey.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ message?: undefined; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "challenge"; challenge: yiben.v1.Challenge.$Shape; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "welcome"; challenge?: null; welcome: yiben.v1.Welcome.$Shape; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "refusal"; challenge?: null; welcome?: null; refusal: yiben.v1.Refusal.$Shape; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "ack"; challenge?: null; welcome?: null; refusal?: null; ack: yiben.v1.Ack.$Shape; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "leaseQuery"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery: yiben.v1.LeaseQuery.$Shape; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "leaseNotice"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice: yiben.v1.LeaseNotice.$Shape; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "needFacts"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts: yiben.v1.NeedFacts.$Shape; drain?: null; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "drain"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain: yiben.v1.Drain.$Shape; childAsk?: null; trustRoots?: null; rotateKey?: null }|{ message?: "childAsk"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk: yiben.v1.ChildAsk.$Shape; trustRoots?: null; rotateKey?: null }|{ message?: "trustRoots"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots: yiben.v1.TrustRoots.$Shape; rotateKey?: null }|{ message?: "rotateKey"; challenge?: null; welcome?: null; refusal?: null; ack?: null; leaseQuery?: null; leaseNotice?: null; needFacts?: null; drain?: null; childAsk?: null; trustRoots?: null; rotateKey: yiben.v1.RotateKey.$Shape })
            );
        }

        enum Role {
            ROLE_UNSPECIFIED = 0,
            ROLE_AGENT = 1,
            ROLE_COLLECTOR = 2
        }

        interface IHello extends yiben.v1.Hello.$Properties {
        }

        class Hello {
            constructor(p?: yiben.v1.Hello.$Properties);
            $unknowns?: Uint8Array[];
            wireVersion: number;
            role: yiben.v1.Role;
            capabilities: string[];
            programVersion: string;
            algorithm: number;
            nodeKey: Uint8Array;
            fingerprint: Uint8Array;
            instance: Uint8Array;
            epoch: Uint8Array;
            previousEpoch: Uint8Array;
            bootId: string;
            lastSeq: number;
            ackedSeq: number;
            ackedHash: Uint8Array;
            joinState: number;
            enrollTokenId: Uint8Array;
            nodeName: string;
            ledgerGeneration: number;
            static encode(m: yiben.v1.Hello.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Hello & yiben.v1.Hello.$Shape;
        }

        namespace Hello {
            interface $Properties {
                wireVersion?: (number|null);
                role?: (yiben.v1.Role|null);
                capabilities?: (string[]|null);
                programVersion?: (string|null);
                algorithm?: (number|null);
                nodeKey?: (Uint8Array|null);
                fingerprint?: (Uint8Array|null);
                instance?: (Uint8Array|null);
                epoch?: (Uint8Array|null);
                previousEpoch?: (Uint8Array|null);
                bootId?: (string|null);
                lastSeq?: (number|null);
                ackedSeq?: (number|null);
                ackedHash?: (Uint8Array|null);
                joinState?: (number|null);
                enrollTokenId?: (Uint8Array|null);
                nodeName?: (string|null);
                ledgerGeneration?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Hello.$Properties;
        }

        interface IChallenge extends yiben.v1.Challenge.$Properties {
        }

        class Challenge {
            constructor(p?: yiben.v1.Challenge.$Properties);
            $unknowns?: Uint8Array[];
            nonce: Uint8Array;
            serverTimeMs: number;
            algorithm: number;
            collectorKey: Uint8Array;
            signature: Uint8Array;
            static encode(m: yiben.v1.Challenge.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Challenge & yiben.v1.Challenge.$Shape;
        }

        namespace Challenge {
            interface $Properties {
                nonce?: (Uint8Array|null);
                serverTimeMs?: (number|null);
                algorithm?: (number|null);
                collectorKey?: (Uint8Array|null);
                signature?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Challenge.$Properties;
        }

        interface IProof extends yiben.v1.Proof.$Properties {
        }

        class Proof {
            constructor(p?: yiben.v1.Proof.$Properties);
            $unknowns?: Uint8Array[];
            signature: Uint8Array;
            enrollSecret: Uint8Array;
            static encode(m: yiben.v1.Proof.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Proof & yiben.v1.Proof.$Shape;
        }

        namespace Proof {
            interface $Properties {
                signature?: (Uint8Array|null);
                enrollSecret?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Proof.$Properties;
        }

        interface IWelcome extends yiben.v1.Welcome.$Properties {
        }

        class Welcome {
            constructor(p?: yiben.v1.Welcome.$Properties);
            $unknowns?: Uint8Array[];
            nodeId: string;
            watermark: number;
            watermarkHash: Uint8Array;
            ledgerGeneration: number;
            nextJoinState: number;
            serverTimeMs: number;
            settings?: (yiben.v1.Settings.$Properties|null);
            windowFrames: number;
            windowBytes: number;
            identityKeyNumber: number;
            identityKey: Uint8Array;
            capabilities: string[];
            static encode(m: yiben.v1.Welcome.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Welcome & yiben.v1.Welcome.$Shape;
        }

        namespace Welcome {
            interface $Properties {
                nodeId?: (string|null);
                watermark?: (number|null);
                watermarkHash?: (Uint8Array|null);
                ledgerGeneration?: (number|null);
                nextJoinState?: (number|null);
                serverTimeMs?: (number|null);
                settings?: (yiben.v1.Settings.$Properties|null);
                windowFrames?: (number|null);
                windowBytes?: (number|null);
                identityKeyNumber?: (number|null);
                identityKey?: (Uint8Array|null);
                capabilities?: (string[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Welcome.$Properties;
        }

        interface ISettings extends yiben.v1.Settings.$Properties {
        }

        class Settings {
            constructor(p?: yiben.v1.Settings.$Properties);
            $unknowns?: Uint8Array[];
            samplePeriodMs: number;
            tickMs: number;
            heartbeatMs: number;
            static encode(m: yiben.v1.Settings.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Settings & yiben.v1.Settings.$Shape;
        }

        namespace Settings {
            interface $Properties {
                samplePeriodMs?: (number|null);
                tickMs?: (number|null);
                heartbeatMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Settings.$Properties;
        }

        interface IRefusal extends yiben.v1.Refusal.$Properties {
        }

        class Refusal {
            constructor(p?: yiben.v1.Refusal.$Properties);
            $unknowns?: Uint8Array[];
            code: string;
            sentence: string;
            retryAfterMs: number;
            static encode(m: yiben.v1.Refusal.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Refusal & yiben.v1.Refusal.$Shape;
        }

        namespace Refusal {
            interface $Properties {
                code?: (string|null);
                sentence?: (string|null);
                retryAfterMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Refusal.$Properties;
        }

        interface IBatch extends yiben.v1.Batch.$Properties {
        }

        class Batch {
            constructor(p?: yiben.v1.Batch.$Properties);
            $unknowns?: Uint8Array[];
            firstSeq: number;
            previousHash: Uint8Array;
            records: Uint8Array[];
            lostCount: number;
            static encode(m: yiben.v1.Batch.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Batch & yiben.v1.Batch.$Shape;
        }

        namespace Batch {
            interface $Properties {
                firstSeq?: (number|null);
                previousHash?: (Uint8Array|null);
                records?: (Uint8Array[]|null);
                lostCount?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Batch.$Properties;
        }

        interface IRecord extends yiben.v1.Record.$Properties {
        }

        class Record {
            constructor(p?: yiben.v1.Record.$Properties);
            $unknowns?: Uint8Array[];
            facts?: (yiben.v1.Facts.$Properties|null);
            gap?: (yiben.v1.Gap.$Properties|null);
            policy?: (yiben.v1.Policy.$Properties|null);
            veto?: (yiben.v1.VetoRecord.$Properties|null);
            lost?: (yiben.v1.Lost.$Properties|null);
            goodbye?: (yiben.v1.Goodbye.$Properties|null);
            lease?: (yiben.v1.LeaseRecord.$Properties|null);
            intervals?: (yiben.v1.Intervals.$Properties|null);
            collectorReport?: (yiben.v1.CollectorReport.$Properties|null);
            siteReport?: (yiben.v1.SiteReport.$Properties|null);
            nodeReport?: (yiben.v1.NodeReport.$Properties|null);
            hourReport?: (yiben.v1.HourReport.$Properties|null);
            countsReport?: (yiben.v1.CountsReport.$Properties|null);
            checkpointReport?: (yiben.v1.CheckpointReport.$Properties|null);
            kind?: ("facts"|"gap"|"policy"|"veto"|"lost"|"goodbye"|"lease"|"intervals"|"collectorReport"|"siteReport"|"nodeReport"|"hourReport"|"countsReport"|"checkpointReport");
            static encode(m: yiben.v1.Record.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Record & yiben.v1.Record.$Shape;
        }

        namespace Record {
            interface $Properties {
                facts?: (yiben.v1.Facts.$Properties|null);
                gap?: (yiben.v1.Gap.$Properties|null);
                policy?: (yiben.v1.Policy.$Properties|null);
                veto?: (yiben.v1.VetoRecord.$Properties|null);
                lost?: (yiben.v1.Lost.$Properties|null);
                goodbye?: (yiben.v1.Goodbye.$Properties|null);
                lease?: (yiben.v1.LeaseRecord.$Properties|null);
                intervals?: (yiben.v1.Intervals.$Properties|null);
                collectorReport?: (yiben.v1.CollectorReport.$Properties|null);
                siteReport?: (yiben.v1.SiteReport.$Properties|null);
                nodeReport?: (yiben.v1.NodeReport.$Properties|null);
                hourReport?: (yiben.v1.HourReport.$Properties|null);
                countsReport?: (yiben.v1.CountsReport.$Properties|null);
                checkpointReport?: (yiben.v1.CheckpointReport.$Properties|null);
                kind?: ("facts"|"gap"|"policy"|"veto"|"lost"|"goodbye"|"lease"|"intervals"|"collectorReport"|"siteReport"|"nodeReport"|"hourReport"|"countsReport"|"checkpointReport");
                $unknowns?: Uint8Array[];
            }
            type $Shape = {
              facts?: yiben.v1.Facts.$Shape|null;
              gap?: yiben.v1.Gap.$Shape|null;
              policy?: yiben.v1.Policy.$Shape|null;
              veto?: yiben.v1.VetoRecord.$Shape|null;
              lost?: yiben.v1.Lost.$Shape|null;
              goodbye?: yiben.v1.Goodbye.$Shape|null;
              lease?: yiben.v1.LeaseRecord.$Shape|null;
              intervals?: yiben.v1.Intervals.$Shape|null;
              collectorReport?: yiben.v1.CollectorReport.$Shape|null;
              siteReport?: yiben.v1.SiteReport.$Shape|null;
              nodeReport?: yiben.v1.NodeReport.$Shape|null;
              hourReport?: yiben.v1.HourReport.$Shape|null;
              countsReport?: yiben.v1.CountsReport.$Shape|null;
              checkpointReport?: yiben.v1.CheckpointReport.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ kind?: undefined; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "facts"; facts: yiben.v1.Facts.$Shape; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "gap"; facts?: null; gap: yiben.v1.Gap.$Shape; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "policy"; facts?: null; gap?: null; policy: yiben.v1.Policy.$Shape; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "veto"; facts?: null; gap?: null; policy?: null; veto: yiben.v1.VetoRecord.$Shape; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "lost"; facts?: null; gap?: null; policy?: null; veto?: null; lost: yiben.v1.Lost.$Shape; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "goodbye"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye: yiben.v1.Goodbye.$Shape; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "lease"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease: yiben.v1.LeaseRecord.$Shape; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "intervals"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals: yiben.v1.Intervals.$Shape; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "collectorReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport: yiben.v1.CollectorReport.$Shape; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "siteReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport: yiben.v1.SiteReport.$Shape; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "nodeReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport: yiben.v1.NodeReport.$Shape; hourReport?: null; countsReport?: null; checkpointReport?: null }|{ kind?: "hourReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport: yiben.v1.HourReport.$Shape; countsReport?: null; checkpointReport?: null }|{ kind?: "countsReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport: yiben.v1.CountsReport.$Shape; checkpointReport?: null }|{ kind?: "checkpointReport"; facts?: null; gap?: null; policy?: null; veto?: null; lost?: null; goodbye?: null; lease?: null; intervals?: null; collectorReport?: null; siteReport?: null; nodeReport?: null; hourReport?: null; countsReport?: null; checkpointReport: yiben.v1.CheckpointReport.$Shape })
            );
        }

        interface IFacts extends yiben.v1.Facts.$Properties {
        }

        class Facts {
            constructor(p?: yiben.v1.Facts.$Properties);
            $unknowns?: Uint8Array[];
            revision: number;
            atMs: number;
            agentVersion: string;
            bootId: string;
            operatingSystem?: (string|null);
            kernel?: (string|null);
            architecture?: (string|null);
            cpuModel?: (string|null);
            cpuCores?: (number|null);
            memoryTotalMib?: (number|null);
            virtualization?: (string|null);
            ownerKind: string;
            units: yiben.v1.Unit.$Properties[];
            probes: yiben.v1.ProbeReport.$Properties[];
            static encode(m: yiben.v1.Facts.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Facts & yiben.v1.Facts.$Shape;
        }

        namespace Facts {
            interface $Properties {
                revision?: (number|null);
                atMs?: (number|null);
                agentVersion?: (string|null);
                bootId?: (string|null);
                operatingSystem?: (string|null);
                kernel?: (string|null);
                architecture?: (string|null);
                cpuModel?: (string|null);
                cpuCores?: (number|null);
                memoryTotalMib?: (number|null);
                virtualization?: (string|null);
                ownerKind?: (string|null);
                units?: (yiben.v1.Unit.$Properties[]|null);
                probes?: (yiben.v1.ProbeReport.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Facts.$Properties;
        }

        interface IUnit extends yiben.v1.Unit.$Properties {
        }

        class Unit {
            constructor(p?: yiben.v1.Unit.$Properties);
            $unknowns?: Uint8Array[];
            index: number;
            kind: string;
            parentIndex?: (number|null);
            vendor: string;
            name: string;
            memoryTotalMib?: (number|null);
            powerCapWatts?: (number|null);
            sharePpm: number;
            driverVersion?: (string|null);
            identities: yiben.v1.Identity.$Properties[];
            static encode(m: yiben.v1.Unit.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Unit & yiben.v1.Unit.$Shape;
        }

        namespace Unit {
            interface $Properties {
                index?: (number|null);
                kind?: (string|null);
                parentIndex?: (number|null);
                vendor?: (string|null);
                name?: (string|null);
                memoryTotalMib?: (number|null);
                powerCapWatts?: (number|null);
                sharePpm?: (number|null);
                driverVersion?: (string|null);
                identities?: (yiben.v1.Identity.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Unit.$Properties;
        }

        interface IIdentity extends yiben.v1.Identity.$Properties {
        }

        class Identity {
            constructor(p?: yiben.v1.Identity.$Properties);
            $unknowns?: Uint8Array[];
            keyNumber: number;
            hash: Uint8Array;
            strength: number;
            static encode(m: yiben.v1.Identity.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Identity & yiben.v1.Identity.$Shape;
        }

        namespace Identity {
            interface $Properties {
                keyNumber?: (number|null);
                hash?: (Uint8Array|null);
                strength?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Identity.$Properties;
        }

        interface IProbeReport extends yiben.v1.ProbeReport.$Properties {
        }

        class ProbeReport {
            constructor(p?: yiben.v1.ProbeReport.$Properties);
            $unknowns?: Uint8Array[];
            vendor: string;
            tool?: (string|null);
            toolVersion?: (string|null);
            unitsFound: number;
            cardsPresent: number;
            problemCode?: (string|null);
            problem?: (string|null);
            static encode(m: yiben.v1.ProbeReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ProbeReport & yiben.v1.ProbeReport.$Shape;
        }

        namespace ProbeReport {
            interface $Properties {
                vendor?: (string|null);
                tool?: (string|null);
                toolVersion?: (string|null);
                unitsFound?: (number|null);
                cardsPresent?: (number|null);
                problemCode?: (string|null);
                problem?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ProbeReport.$Properties;
        }

        interface IIntervals extends yiben.v1.Intervals.$Properties {
        }

        class Intervals {
            constructor(p?: yiben.v1.Intervals.$Properties);
            $unknowns?: Uint8Array[];
            factsRevision: number;
            startMs: number;
            cpuBusyMs: number;
            cpuTotalMs: number;
            runCodes: Uint8Array;
            depositable: Uint8Array;
            utilizationMax: number[];
            utilizationLack: number[];
            memoryMaxMib: number[];
            energyJoules: number[];
            temperatureMax: Uint8Array;
            runCounts: number[];
            runDurationsMs: number[];
            givenMs: number[];
            samplesExpected: number;
            spanMs: number;
            samplesGot: number[];
            samplesZero: number[];
            samplesBelowTenth: number[];
            activeLackMs: number[];
            classBUnits: Uint8Array;
            wallStepsMs: number[];
            static encode(m: yiben.v1.Intervals.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Intervals & yiben.v1.Intervals.$Shape;
        }

        namespace Intervals {
            interface $Properties {
                factsRevision?: (number|null);
                startMs?: (number|null);
                cpuBusyMs?: (number|null);
                cpuTotalMs?: (number|null);
                runCodes?: (Uint8Array|null);
                depositable?: (Uint8Array|null);
                utilizationMax?: (number[]|null);
                utilizationLack?: (number[]|null);
                memoryMaxMib?: (number[]|null);
                energyJoules?: (number[]|null);
                temperatureMax?: (Uint8Array|null);
                runCounts?: (number[]|null);
                runDurationsMs?: (number[]|null);
                givenMs?: (number[]|null);
                samplesExpected?: (number|null);
                spanMs?: (number|null);
                samplesGot?: (number[]|null);
                samplesZero?: (number[]|null);
                samplesBelowTenth?: (number[]|null);
                activeLackMs?: (number[]|null);
                classBUnits?: (Uint8Array|null);
                wallStepsMs?: (number[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Intervals.$Properties;
        }

        interface IGap extends yiben.v1.Gap.$Properties {
        }

        class Gap {
            constructor(p?: yiben.v1.Gap.$Properties);
            $unknowns?: Uint8Array[];
            startMs: number;
            endMs: number;
            code: number;
            bootId: string;
            static encode(m: yiben.v1.Gap.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Gap & yiben.v1.Gap.$Shape;
        }

        namespace Gap {
            interface $Properties {
                startMs?: (number|null);
                endMs?: (number|null);
                code?: (number|null);
                bootId?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Gap.$Properties;
        }

        interface IPolicy extends yiben.v1.Policy.$Properties {
        }

        class Policy {
            constructor(p?: yiben.v1.Policy.$Properties);
            $unknowns?: Uint8Array[];
            version: number;
            atMs: number;
            enabled: boolean;
            keepCardsPerNode: number;
            minFreeMs: number;
            maxLeaseMs: number;
            calendar: string;
            handover: number;
            fenced: boolean;
            endpoint: string;
            queue: string;
            static encode(m: yiben.v1.Policy.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Policy & yiben.v1.Policy.$Shape;
        }

        namespace Policy {
            interface $Properties {
                version?: (number|null);
                atMs?: (number|null);
                enabled?: (boolean|null);
                keepCardsPerNode?: (number|null);
                minFreeMs?: (number|null);
                maxLeaseMs?: (number|null);
                calendar?: (string|null);
                handover?: (number|null);
                fenced?: (boolean|null);
                endpoint?: (string|null);
                queue?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Policy.$Properties;
        }

        interface IVetoRecord extends yiben.v1.VetoRecord.$Properties {
        }

        class VetoRecord {
            constructor(p?: yiben.v1.VetoRecord.$Properties);
            $unknowns?: Uint8Array[];
            atMs: number;
            kind: number;
            units: number[];
            static encode(m: yiben.v1.VetoRecord.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.VetoRecord & yiben.v1.VetoRecord.$Shape;
        }

        namespace VetoRecord {
            interface $Properties {
                atMs?: (number|null);
                kind?: (number|null);
                units?: (number[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.VetoRecord.$Properties;
        }

        interface ILost extends yiben.v1.Lost.$Properties {
        }

        class Lost {
            constructor(p?: yiben.v1.Lost.$Properties);
            $unknowns?: Uint8Array[];
            firstSeq: number;
            lastSeq: number;
            startMs: number;
            endMs: number;
            static encode(m: yiben.v1.Lost.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Lost & yiben.v1.Lost.$Shape;
        }

        namespace Lost {
            interface $Properties {
                firstSeq?: (number|null);
                lastSeq?: (number|null);
                startMs?: (number|null);
                endMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Lost.$Properties;
        }

        interface IGoodbye extends yiben.v1.Goodbye.$Properties {
        }

        class Goodbye {
            constructor(p?: yiben.v1.Goodbye.$Properties);
            $unknowns?: Uint8Array[];
            atMs: number;
            reason: number;
            static encode(m: yiben.v1.Goodbye.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Goodbye & yiben.v1.Goodbye.$Shape;
        }

        namespace Goodbye {
            interface $Properties {
                atMs?: (number|null);
                reason?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Goodbye.$Properties;
        }

        interface ILeaseRecord extends yiben.v1.LeaseRecord.$Properties {
        }

        class LeaseRecord {
            constructor(p?: yiben.v1.LeaseRecord.$Properties);
            $unknowns?: Uint8Array[];
            atMs: number;
            leaseId: string;
            event: string;
            revision: number;
            units: number[];
            cause: string;
            static encode(m: yiben.v1.LeaseRecord.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.LeaseRecord & yiben.v1.LeaseRecord.$Shape;
        }

        namespace LeaseRecord {
            interface $Properties {
                atMs?: (number|null);
                leaseId?: (string|null);
                event?: (string|null);
                revision?: (number|null);
                units?: (number[]|null);
                cause?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.LeaseRecord.$Properties;
        }

        interface IReported extends yiben.v1.Reported.$Properties {
        }

        class Reported {
            constructor(p?: yiben.v1.Reported.$Properties);
            $unknowns?: Uint8Array[];
            origin: Uint8Array;
            generation: number;
            number: number;
            static encode(m: yiben.v1.Reported.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Reported & yiben.v1.Reported.$Shape;
        }

        namespace Reported {
            interface $Properties {
                origin?: (Uint8Array|null);
                generation?: (number|null);
                number?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Reported.$Properties;
        }

        interface ICollectorReport extends yiben.v1.CollectorReport.$Properties {
        }

        class CollectorReport {
            constructor(p?: yiben.v1.CollectorReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            name: string;
            parentOrigin: Uint8Array;
            programVersion: string;
            awaySinceMs: number;
            static encode(m: yiben.v1.CollectorReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.CollectorReport & yiben.v1.CollectorReport.$Shape;
        }

        namespace CollectorReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                name?: (string|null);
                parentOrigin?: (Uint8Array|null);
                programVersion?: (string|null);
                awaySinceMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.CollectorReport.$Properties;
        }

        interface ISiteReport extends yiben.v1.SiteReport.$Properties {
        }

        class SiteReport {
            constructor(p?: yiben.v1.SiteReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            siteCode: string;
            name: string;
            terms: yiben.v1.Terms.$Properties[];
            declared: yiben.v1.Declaration.$Properties[];
            static encode(m: yiben.v1.SiteReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.SiteReport & yiben.v1.SiteReport.$Shape;
        }

        namespace SiteReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                siteCode?: (string|null);
                name?: (string|null);
                terms?: (yiben.v1.Terms.$Properties[]|null);
                declared?: (yiben.v1.Declaration.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.SiteReport.$Properties;
        }

        interface ITerms extends yiben.v1.Terms.$Properties {
        }

        class Terms {
            constructor(p?: yiben.v1.Terms.$Properties);
            $unknowns?: Uint8Array[];
            operatorCode: string;
            operatorName: string;
            ownerCode: string;
            ownerName: string;
            regionCode: string;
            validFromMs: number;
            validToMs: number;
            static encode(m: yiben.v1.Terms.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Terms & yiben.v1.Terms.$Shape;
        }

        namespace Terms {
            interface $Properties {
                operatorCode?: (string|null);
                operatorName?: (string|null);
                ownerCode?: (string|null);
                ownerName?: (string|null);
                regionCode?: (string|null);
                validFromMs?: (number|null);
                validToMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Terms.$Properties;
        }

        interface IDeclaration extends yiben.v1.Declaration.$Properties {
        }

        class Declaration {
            constructor(p?: yiben.v1.Declaration.$Properties);
            $unknowns?: Uint8Array[];
            model: string;
            cards: number;
            declaredMilliP: number;
            basis: number;
            author: string;
            declaredAtMs: number;
            static encode(m: yiben.v1.Declaration.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Declaration & yiben.v1.Declaration.$Shape;
        }

        namespace Declaration {
            interface $Properties {
                model?: (string|null);
                cards?: (number|null);
                declaredMilliP?: (number|null);
                basis?: (number|null);
                author?: (string|null);
                declaredAtMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Declaration.$Properties;
        }

        interface INodeReport extends yiben.v1.NodeReport.$Properties {
        }

        class NodeReport {
            constructor(p?: yiben.v1.NodeReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            nodeId: string;
            name: string;
            siteCode: string;
            revoked: boolean;
            cpuCores?: (number|null);
            cards: yiben.v1.ReportedCard.$Properties[];
            static encode(m: yiben.v1.NodeReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.NodeReport & yiben.v1.NodeReport.$Shape;
        }

        namespace NodeReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                nodeId?: (string|null);
                name?: (string|null);
                siteCode?: (string|null);
                revoked?: (boolean|null);
                cpuCores?: (number|null);
                cards?: (yiben.v1.ReportedCard.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.NodeReport.$Properties;
        }

        interface IReportedProfile extends yiben.v1.ReportedProfile.$Properties {
        }

        class ReportedProfile {
            constructor(p?: yiben.v1.ReportedProfile.$Properties);
            $unknowns?: Uint8Array[];
            vendor: string;
            name: string;
            memoryTotalMib?: (number|null);
            powerCapWatts?: (number|null);
            static encode(m: yiben.v1.ReportedProfile.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ReportedProfile & yiben.v1.ReportedProfile.$Shape;
        }

        namespace ReportedProfile {
            interface $Properties {
                vendor?: (string|null);
                name?: (string|null);
                memoryTotalMib?: (number|null);
                powerCapWatts?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ReportedProfile.$Properties;
        }

        interface IReportedCard extends yiben.v1.ReportedCard.$Properties {
        }

        class ReportedCard {
            constructor(p?: yiben.v1.ReportedCard.$Properties);
            $unknowns?: Uint8Array[];
            unitNumber: number;
            acceleratorNumber: number;
            profile?: (yiben.v1.ReportedProfile.$Properties|null);
            identities: yiben.v1.Identity.$Properties[];
            validFromMs: number;
            bookedToMs: number;
            endedReason: string;
            notCounted: boolean;
            inConflict: boolean;
            static encode(m: yiben.v1.ReportedCard.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ReportedCard & yiben.v1.ReportedCard.$Shape;
        }

        namespace ReportedCard {
            interface $Properties {
                unitNumber?: (number|null);
                acceleratorNumber?: (number|null);
                profile?: (yiben.v1.ReportedProfile.$Properties|null);
                identities?: (yiben.v1.Identity.$Properties[]|null);
                validFromMs?: (number|null);
                bookedToMs?: (number|null);
                endedReason?: (string|null);
                notCounted?: (boolean|null);
                inConflict?: (boolean|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ReportedCard.$Properties;
        }

        interface IHourReport extends yiben.v1.HourReport.$Properties {
        }

        class HourReport {
            constructor(p?: yiben.v1.HourReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            siteCode: string;
            hourMs: number;
            sealVersion: number;
            knownAtMs: number;
            buckets: yiben.v1.ReportedBucket.$Properties[];
            static encode(m: yiben.v1.HourReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.HourReport & yiben.v1.HourReport.$Shape;
        }

        namespace HourReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                siteCode?: (string|null);
                hourMs?: (number|null);
                sealVersion?: (number|null);
                knownAtMs?: (number|null);
                buckets?: (yiben.v1.ReportedBucket.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.HourReport.$Properties;
        }

        interface IReportedBucket extends yiben.v1.ReportedBucket.$Properties {
        }

        class ReportedBucket {
            constructor(p?: yiben.v1.ReportedBucket.$Properties);
            $unknowns?: Uint8Array[];
            ownerCode: string;
            profile?: (yiben.v1.ReportedProfile.$Properties|null);
            cards: number;
            figures: number[];
            static encode(m: yiben.v1.ReportedBucket.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ReportedBucket & yiben.v1.ReportedBucket.$Shape;
        }

        namespace ReportedBucket {
            interface $Properties {
                ownerCode?: (string|null);
                profile?: (yiben.v1.ReportedProfile.$Properties|null);
                cards?: (number|null);
                figures?: (number[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ReportedBucket.$Properties;
        }

        interface ICountsReport extends yiben.v1.CountsReport.$Properties {
        }

        class CountsReport {
            constructor(p?: yiben.v1.CountsReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            siteCode: string;
            atMs: number;
            counts: yiben.v1.ReportedCount.$Properties[];
            nodes: yiben.v1.ReportedNodeCount.$Properties[];
            static encode(m: yiben.v1.CountsReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.CountsReport & yiben.v1.CountsReport.$Shape;
        }

        namespace CountsReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                siteCode?: (string|null);
                atMs?: (number|null);
                counts?: (yiben.v1.ReportedCount.$Properties[]|null);
                nodes?: (yiben.v1.ReportedNodeCount.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.CountsReport.$Properties;
        }

        interface IReportedCount extends yiben.v1.ReportedCount.$Properties {
        }

        class ReportedCount {
            constructor(p?: yiben.v1.ReportedCount.$Properties);
            $unknowns?: Uint8Array[];
            ownerCode: string;
            profile?: (yiben.v1.ReportedProfile.$Properties|null);
            connection: number;
            state: number;
            deposited: boolean;
            schedulerRead: boolean;
            cards: number;
            static encode(m: yiben.v1.ReportedCount.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ReportedCount & yiben.v1.ReportedCount.$Shape;
        }

        namespace ReportedCount {
            interface $Properties {
                ownerCode?: (string|null);
                profile?: (yiben.v1.ReportedProfile.$Properties|null);
                connection?: (number|null);
                state?: (number|null);
                deposited?: (boolean|null);
                schedulerRead?: (boolean|null);
                cards?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ReportedCount.$Properties;
        }

        interface IReportedNodeCount extends yiben.v1.ReportedNodeCount.$Properties {
        }

        class ReportedNodeCount {
            constructor(p?: yiben.v1.ReportedNodeCount.$Properties);
            $unknowns?: Uint8Array[];
            ownerCode: string;
            connection: number;
            nodes: number;
            nodesWithoutCores: number;
            cores: number;
            static encode(m: yiben.v1.ReportedNodeCount.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ReportedNodeCount & yiben.v1.ReportedNodeCount.$Shape;
        }

        namespace ReportedNodeCount {
            interface $Properties {
                ownerCode?: (string|null);
                connection?: (number|null);
                nodes?: (number|null);
                nodesWithoutCores?: (number|null);
                cores?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ReportedNodeCount.$Properties;
        }

        interface ICheckpointReport extends yiben.v1.CheckpointReport.$Properties {
        }

        class CheckpointReport {
            constructor(p?: yiben.v1.CheckpointReport.$Properties);
            $unknowns?: Uint8Array[];
            reported?: (yiben.v1.Reported.$Properties|null);
            note: string;
            static encode(m: yiben.v1.CheckpointReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.CheckpointReport & yiben.v1.CheckpointReport.$Shape;
        }

        namespace CheckpointReport {
            interface $Properties {
                reported?: (yiben.v1.Reported.$Properties|null);
                note?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.CheckpointReport.$Properties;
        }

        interface IHeartbeat extends yiben.v1.Heartbeat.$Properties {
        }

        class Heartbeat {
            constructor(p?: yiben.v1.Heartbeat.$Properties);
            $unknowns?: Uint8Array[];
            samplesLessOne: number;
            freeUnits: Uint8Array;
            static encode(m: yiben.v1.Heartbeat.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Heartbeat & yiben.v1.Heartbeat.$Shape;
        }

        namespace Heartbeat {
            interface $Properties {
                samplesLessOne?: (number|null);
                freeUnits?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Heartbeat.$Properties;
        }

        interface IEvent extends yiben.v1.Event.$Properties {
        }

        class Event {
            constructor(p?: yiben.v1.Event.$Properties);
            $unknowns?: Uint8Array[];
            units: number[];
            kind: number;
            atMs: number;
            static encode(m: yiben.v1.Event.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Event & yiben.v1.Event.$Shape;
        }

        namespace Event {
            interface $Properties {
                units?: (number[]|null);
                kind?: (number|null);
                atMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Event.$Properties;
        }

        interface IAck extends yiben.v1.Ack.$Properties {
        }

        class Ack {
            constructor(p?: yiben.v1.Ack.$Properties);
            $unknowns?: Uint8Array[];
            watermark: number;
            refused: yiben.v1.RefusedRecord.$Properties[];
            windowFrames: number;
            windowBytes: number;
            serverTimeMs: number;
            static encode(m: yiben.v1.Ack.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Ack & yiben.v1.Ack.$Shape;
        }

        namespace Ack {
            interface $Properties {
                watermark?: (number|null);
                refused?: (yiben.v1.RefusedRecord.$Properties[]|null);
                windowFrames?: (number|null);
                windowBytes?: (number|null);
                serverTimeMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Ack.$Properties;
        }

        interface IRefusedRecord extends yiben.v1.RefusedRecord.$Properties {
        }

        class RefusedRecord {
            constructor(p?: yiben.v1.RefusedRecord.$Properties);
            $unknowns?: Uint8Array[];
            seq: number;
            code: string;
            sentence: string;
            static encode(m: yiben.v1.RefusedRecord.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.RefusedRecord & yiben.v1.RefusedRecord.$Shape;
        }

        namespace RefusedRecord {
            interface $Properties {
                seq?: (number|null);
                code?: (string|null);
                sentence?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.RefusedRecord.$Properties;
        }

        interface INeedFacts extends yiben.v1.NeedFacts.$Properties {
        }

        class NeedFacts {
            constructor(p?: yiben.v1.NeedFacts.$Properties);
            $unknowns?: Uint8Array[];
            static encode(m: yiben.v1.NeedFacts.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.NeedFacts & yiben.v1.NeedFacts.$Shape;
        }

        namespace NeedFacts {
            interface $Properties {
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.NeedFacts.$Properties;
        }

        interface IDrain extends yiben.v1.Drain.$Properties {
        }

        class Drain {
            constructor(p?: yiben.v1.Drain.$Properties);
            $unknowns?: Uint8Array[];
            reconnectAfterMs: number;
            jitterMs: number;
            static encode(m: yiben.v1.Drain.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Drain & yiben.v1.Drain.$Shape;
        }

        namespace Drain {
            interface $Properties {
                reconnectAfterMs?: (number|null);
                jitterMs?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Drain.$Properties;
        }

        interface ILeaseQuery extends yiben.v1.LeaseQuery.$Properties {
        }

        class LeaseQuery {
            constructor(p?: yiben.v1.LeaseQuery.$Properties);
            $unknowns?: Uint8Array[];
            queryId: string;
            units: number[];
            untilMs: number;
            startMs: number;
            epoch: Uint8Array;
            static encode(m: yiben.v1.LeaseQuery.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.LeaseQuery & yiben.v1.LeaseQuery.$Shape;
        }

        namespace LeaseQuery {
            interface $Properties {
                queryId?: (string|null);
                units?: (number[]|null);
                untilMs?: (number|null);
                startMs?: (number|null);
                epoch?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.LeaseQuery.$Properties;
        }

        interface ILeaseAnswer extends yiben.v1.LeaseAnswer.$Properties {
        }

        class LeaseAnswer {
            constructor(p?: yiben.v1.LeaseAnswer.$Properties);
            $unknowns?: Uint8Array[];
            queryId: string;
            accepted: boolean;
            reason: string;
            sampledAtMs: number;
            fenced: boolean;
            declinedUnits: number[];
            static encode(m: yiben.v1.LeaseAnswer.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.LeaseAnswer & yiben.v1.LeaseAnswer.$Shape;
        }

        namespace LeaseAnswer {
            interface $Properties {
                queryId?: (string|null);
                accepted?: (boolean|null);
                reason?: (string|null);
                sampledAtMs?: (number|null);
                fenced?: (boolean|null);
                declinedUnits?: (number[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.LeaseAnswer.$Properties;
        }

        interface ILeaseNotice extends yiben.v1.LeaseNotice.$Properties {
        }

        class LeaseNotice {
            constructor(p?: yiben.v1.LeaseNotice.$Properties);
            $unknowns?: Uint8Array[];
            leaseId: string;
            kind: number;
            units: number[];
            startMs: number;
            endMs: number;
            algorithm: number;
            signature: Uint8Array;
            revision: number;
            epoch: Uint8Array;
            account: string;
            cause: string;
            static encode(m: yiben.v1.LeaseNotice.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.LeaseNotice & yiben.v1.LeaseNotice.$Shape;
        }

        namespace LeaseNotice {
            interface $Properties {
                leaseId?: (string|null);
                kind?: (number|null);
                units?: (number[]|null);
                startMs?: (number|null);
                endMs?: (number|null);
                algorithm?: (number|null);
                signature?: (Uint8Array|null);
                revision?: (number|null);
                epoch?: (Uint8Array|null);
                account?: (string|null);
                cause?: (string|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.LeaseNotice.$Properties;
        }

        interface ILeases extends yiben.v1.Leases.$Properties {
        }

        class Leases {
            constructor(p?: yiben.v1.Leases.$Properties);
            $unknowns?: Uint8Array[];
            leases: yiben.v1.LeaseNotice.$Properties[];
            static encode(m: yiben.v1.Leases.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.Leases & yiben.v1.Leases.$Shape;
        }

        namespace Leases {
            interface $Properties {
                leases?: (yiben.v1.LeaseNotice.$Properties[]|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.Leases.$Properties;
        }

        interface ITrustRoots extends yiben.v1.TrustRoots.$Properties {
        }

        class TrustRoots {
            constructor(p?: yiben.v1.TrustRoots.$Properties);
            $unknowns?: Uint8Array[];
            version: number;
            roots: Uint8Array[];
            algorithm: number;
            signature: Uint8Array;
            static encode(m: yiben.v1.TrustRoots.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.TrustRoots & yiben.v1.TrustRoots.$Shape;
        }

        namespace TrustRoots {
            interface $Properties {
                version?: (number|null);
                roots?: (Uint8Array[]|null);
                algorithm?: (number|null);
                signature?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.TrustRoots.$Properties;
        }

        interface ITrustKnown extends yiben.v1.TrustKnown.$Properties {
        }

        class TrustKnown {
            constructor(p?: yiben.v1.TrustKnown.$Properties);
            $unknowns?: Uint8Array[];
            version: number;
            static encode(m: yiben.v1.TrustKnown.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.TrustKnown & yiben.v1.TrustKnown.$Shape;
        }

        namespace TrustKnown {
            interface $Properties {
                version?: (number|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.TrustKnown.$Properties;
        }

        interface IRotateKey extends yiben.v1.RotateKey.$Properties {
        }

        class RotateKey {
            constructor(p?: yiben.v1.RotateKey.$Properties);
            $unknowns?: Uint8Array[];
            nonce: Uint8Array;
            oldKey: Uint8Array;
            newKey: Uint8Array;
            algorithm: number;
            signature: Uint8Array;
            static encode(m: yiben.v1.RotateKey.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.RotateKey & yiben.v1.RotateKey.$Shape;
        }

        namespace RotateKey {
            interface $Properties {
                nonce?: (Uint8Array|null);
                oldKey?: (Uint8Array|null);
                newKey?: (Uint8Array|null);
                algorithm?: (number|null);
                signature?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.RotateKey.$Properties;
        }

        interface IKeyChange extends yiben.v1.KeyChange.$Properties {
        }

        class KeyChange {
            constructor(p?: yiben.v1.KeyChange.$Properties);
            $unknowns?: Uint8Array[];
            nonce: Uint8Array;
            algorithm: number;
            newKey: Uint8Array;
            fingerprint: Uint8Array;
            oldSignature: Uint8Array;
            newSignature: Uint8Array;
            static encode(m: yiben.v1.KeyChange.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.KeyChange & yiben.v1.KeyChange.$Shape;
        }

        namespace KeyChange {
            interface $Properties {
                nonce?: (Uint8Array|null);
                algorithm?: (number|null);
                newKey?: (Uint8Array|null);
                fingerprint?: (Uint8Array|null);
                oldSignature?: (Uint8Array|null);
                newSignature?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.KeyChange.$Properties;
        }

        interface IChildAsk extends yiben.v1.ChildAsk.$Properties {
        }

        class ChildAsk {
            constructor(p?: yiben.v1.ChildAsk.$Properties);
            $unknowns?: Uint8Array[];
            askId: number;
            kind: number;
            path: string[];
            withinMs: number;
            body: Uint8Array;
            static encode(m: yiben.v1.ChildAsk.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ChildAsk & yiben.v1.ChildAsk.$Shape;
        }

        namespace ChildAsk {
            interface $Properties {
                askId?: (number|null);
                kind?: (number|null);
                path?: (string[]|null);
                withinMs?: (number|null);
                body?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ChildAsk.$Properties;
        }

        interface IChildAnswer extends yiben.v1.ChildAnswer.$Properties {
        }

        class ChildAnswer {
            constructor(p?: yiben.v1.ChildAnswer.$Properties);
            $unknowns?: Uint8Array[];
            askId: number;
            status: number;
            body: Uint8Array;
            static encode(m: yiben.v1.ChildAnswer.$Properties, w?: $protobuf.Writer): $protobuf.Writer;
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): yiben.v1.ChildAnswer & yiben.v1.ChildAnswer.$Shape;
        }

        namespace ChildAnswer {
            interface $Properties {
                askId?: (number|null);
                status?: (number|null);
                body?: (Uint8Array|null);
                $unknowns?: Uint8Array[];
            }
            type $Shape = yiben.v1.ChildAnswer.$Properties;
        }
    }
}

"""The fields of published schemas that we use, copied as facts so that the tests need no network."""

# Elastic Common Schema 9.4.0, generated/csv/fields.csv of the elastic/ecs repository: field -> (type, "array" or "").
ECS = {
    "@timestamp": ("date", ""),
    "ecs.version": ("keyword", ""),
    "message": ("match_only_text", ""),
    "tags": ("keyword", "array"),
    "event.kind": ("keyword", ""),
    "event.category": ("keyword", "array"),
    "event.type": ("keyword", "array"),
    "event.action": ("keyword", ""),
    "event.id": ("keyword", ""),
    "event.sequence": ("long", ""),
    "event.module": ("keyword", ""),
    "event.dataset": ("keyword", ""),
    "event.provider": ("keyword", ""),
    "event.start": ("date", ""),
    "event.end": ("date", ""),
    "event.duration": ("long", ""),
    "event.reason": ("keyword", ""),
    "source.ip": ("ip", ""),
    "source.packets": ("long", ""),
    "destination.port": ("long", ""),
    "related.ip": ("ip", "array"),
    "network.transport": ("keyword", ""),
    "network.type": ("keyword", ""),
    "network.direction": ("keyword", ""),
    "rule.name": ("keyword", ""),
    "threat.framework": ("keyword", ""),
    "threat.tactic.id": ("keyword", "array"),
    "threat.tactic.name": ("keyword", "array"),
    "threat.technique.id": ("keyword", "array"),
    "threat.technique.name": ("keyword", "array"),
    "threat.software.name": ("keyword", ""),
    "observer.vendor": ("keyword", ""),
    "observer.product": ("keyword", ""),
    "observer.type": ("keyword", ""),
    "observer.version": ("keyword", ""),
}
# The same release, generated/ecs/ecs_flat.yml: allowed values, and the types expected of each category.
ECS_KINDS = {"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"}
ECS_TYPES_OF = {
    "intrusion_detection": {"allowed", "denied", "info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
}

# OCSF 1.8.0, ocsf/ocsf-schema: events/findings/detection_finding.json with finding.json and base_event.json, objects/,
# dictionary.json: attribute -> type, and which are required.
INT, TEXT, BOOL, TIME = "integer", "string", "boolean", "timestamp"
OCSF_FINDING = {
    "activity_id": INT,
    "activity_name": TEXT,
    "category_uid": INT,
    "category_name": TEXT,
    "class_uid": INT,
    "class_name": TEXT,
    "type_uid": INT,
    "type_name": TEXT,
    "time": TIME,
    "start_time": TIME,
    "end_time": TIME,
    "count": INT,
    "severity_id": INT,
    "severity": TEXT,
    "status_id": INT,
    "status": TEXT,
    "is_alert": BOOL,
    "confidence_id": INT,
    "confidence": TEXT,
    "confidence_score": INT,
    "message": TEXT,
    "metadata": {
        "version": TEXT,
        "product": {"name": TEXT, "vendor_name": TEXT, "version": TEXT},
        "uid": TEXT,
        "sequence": INT,
        "log_name": TEXT,
        "labels": [TEXT],
    },
    "finding_info": {
        "uid": TEXT,
        "title": TEXT,
        "desc": TEXT,
        "types": [TEXT],
        "analytic": {"name": TEXT, "uid": TEXT, "type_id": INT, "type": TEXT, "version": TEXT},
        "attacks": [{"tactic": {"uid": TEXT, "name": TEXT}, "technique": {"uid": TEXT, "name": TEXT}}],
        "first_seen_time": TIME,
        "last_seen_time": TIME,
    },
    "evidences": [
        {
            "src_endpoint": {"ip": TEXT},
            "dst_endpoint": {"name": TEXT, "port": INT},
            "connection_info": {"direction_id": INT, "direction": TEXT, "protocol_name": TEXT, "protocol_num": INT},
        }
    ],
    "observables": [{"name": TEXT, "type_id": INT, "type": TEXT, "value": TEXT}],
    "unmapped": {},
}
OCSF_REQUIRED = {
    "activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "finding_info",
}  # fmt: skip

# Keys of the CEF extension dictionary (Implementing ArcSight Common Event Format) -> longest value, 0 for no text.
CEF_KEYS = {
    "externalId": 40, "rt": 0, "start": 0, "end": 0, "act": 63, "cat": 1023, "proto": 31, "cnt": 0, "src": 0, "dpt": 0,
    "deviceDirection": 0, "cfp1": 0, "cfp2": 0, "cfp3": 0, "cfp1Label": 1023, "cfp2Label": 1023, "cfp3Label": 1023,
    "cn1": 0, "cn2": 0, "cn1Label": 1023, "cn2Label": 1023, "cs1": 4000, "cs2": 4000, "cs3": 4000, "cs4": 4000,
    "cs5": 4000, "cs1Label": 1023, "cs2Label": 1023, "cs3Label": 1023, "cs4Label": 1023, "cs5Label": 1023, "msg": 1023,
}  # fmt: skip

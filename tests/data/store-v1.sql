-- A store as schema 1 made it (no triggers); head at entry 6 in tests/store/test_open.c.
PRAGMA application_id = 1380008773; PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE store (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  clinic TEXT NOT NULL
) STRICT;
INSERT INTO store VALUES(1,'example-clinic');
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  recorded_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  source TEXT NOT NULL,
  key TEXT,
  body TEXT NOT NULL,
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO entry VALUES(1,'clinic','clinic.created',1772445600000,1772445600000,'staff/rk','command',NULL,'{"demo":true,"name":"Example Clinic","zone_offset_min":60}',X'b33309aa3c364476c2933cb410e753fa9e857b36f4551514fbfdd27a5b70faab',X'623f01d78825cc75e942d03add1b9539e0e362ec29fbad54b039e8dea97d2069');
INSERT INTO entry VALUES(2,'patient/P0147','patient.registered',1772359200000,1772445600000,'staff/rk','command',NULL,'{"note":"Zo\u00eb é \"x\"","weight_kg":71.4}',X'623f01d78825cc75e942d03add1b9539e0e362ec29fbad54b039e8dea97d2069',X'3679b2affdfc9e3fb3b8d8334281683efb1a0b651a8b0b32426158a546f8e870');
INSERT INTO entry VALUES(3,'session/8812','reading',-1,1772445600000,'device/monitor-2','hl7:MONITOR2','hl7:MONITOR2:000123','{"dbp_mmhg":79,"sbp_mmhg":128}',X'3679b2affdfc9e3fb3b8d8334281683efb1a0b651a8b0b32426158a546f8e870',X'f309b2ee979bd0a92ed3370fa58738dfb39cdd5a3ab22cf28287be46463fecab');
INSERT INTO entry VALUES(4,'session/8812','dosing.started',1772445600000,1772445600000,'staff/rk','command',NULL,'{"dose_mg":35.70}',X'f309b2ee979bd0a92ed3370fa58738dfb39cdd5a3ab22cf28287be46463fecab',X'4966c25c91b3385511173401831deb0082f22b7bed17222a37809b9a07edb350');
INSERT INTO entry VALUES(5,'number/session','number.taken',1772445600000,1772445600000,'staff/rk','command','number/session/8812','{"number":8812}',X'4966c25c91b3385511173401831deb0082f22b7bed17222a37809b9a07edb350',X'd49d2f07a2de38715310470663ef93ebbf4bdb894320d14266f00b5217e6679e');
INSERT INTO entry VALUES(6,'number/session','number.taken',1772445600000,1772445600000,'staff/rk','command','number/session/8813','{"number":8813}',X'd49d2f07a2de38715310470663ef93ebbf4bdb894320d14266f00b5217e6679e',X'1c9fa613845270a7bfd9168ed4669e8090088402a60b32660883e497b7471107');
CREATE INDEX entry_by_subject ON entry (subject);
CREATE INDEX entry_by_kind ON entry (kind);
CREATE UNIQUE INDEX entry_by_key ON entry (key) WHERE key IS NOT NULL;
COMMIT;

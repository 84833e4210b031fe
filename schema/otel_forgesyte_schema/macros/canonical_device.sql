-- One spelling per kind of device: cuda, cuda:1, GPU and gpu:0 are gpu; anything unknown is only
-- lower-cased. Which card of several it was stays in the event's own attributes.
-- otel.device_decisions writes this out once more: a view cannot lean on a temporary macro.
CREATE OR REPLACE TEMP MACRO canonical_device(device) AS regexp_replace(
    regexp_replace(lower(trim(device)), '^(gpu|cuda|mps|cpu)(:.*)?$', '\1'), '^cuda$', 'gpu'
);

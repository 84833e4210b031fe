-- One spelling per kind of device: cuda, cuda:1, GPU and gpu:0 are gpu; any other name is only
-- lower-cased (a number is an index, cuda:GPU-12ab is a name), and one of white space alone is null.
-- The application's own rule, for rows that something else wrote: a test compares the two.
CREATE OR REPLACE TEMP MACRO canonical_device(device) AS nullif(
    regexp_replace(
        regexp_replace(
            -- trim() takes spaces only; an end of line is no part of a name either.
            lower(regexp_replace(
                device, '^[\s\pZ\x0b\x1c-\x1f\x{85}]+|[\s\pZ\x0b\x1c-\x1f\x{85}]+$', '', 'g'
            )),
            '^(gpu|cuda|mps|cpu)(:\p{Nd}*)?$',
            '\1'
        ),
        '^cuda$',
        'gpu'
    ),
    ''
);

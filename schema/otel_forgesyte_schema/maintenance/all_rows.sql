-- What a table's view of all rows reads once some are archived. By name: a file of an older version may
-- lack columns that were added since. FILES are paths of ours, not recorded data; a view can bind no values.
FROM (
    SELECT * FROM TABLE
    UNION ALL BY NAME
    SELECT * FROM read_parquet([FILES], union_by_name = true, hive_partitioning = false)
);

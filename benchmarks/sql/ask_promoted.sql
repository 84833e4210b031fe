SELECT count(*), sum(duration_ns) FROM spans WHERE json_extract(attributes, '$."forgesyte.plugin.name"') = 'plugin-03';

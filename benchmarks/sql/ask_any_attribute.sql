SELECT count(*), sum(duration_ns) FROM spans WHERE json_extract(attributes, '$."app.image.width"') = 1280;

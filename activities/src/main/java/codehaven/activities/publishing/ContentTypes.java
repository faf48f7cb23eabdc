package codehaven.activities.publishing;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The Content-Type of a file by its extension, and whether compressing such files is worth it. */
final class ContentTypes {

    private static final String UNKNOWN = "application/octet-stream";
    private static final String TEXT = "text/plain; charset=utf-8";

    private static final Map<String, String> BY_EXTENSION = table("""
            text/html; charset=utf-8                 html htm
            application/xhtml+xml; charset=utf-8     xhtml
            text/css; charset=utf-8                  css
            text/javascript; charset=utf-8           js mjs cjs
            application/json; charset=utf-8          json map topojson
            application/geo+json; charset=utf-8      geojson
            application/ld+json; charset=utf-8       jsonld
            application/manifest+json; charset=utf-8  webmanifest
            application/xml; charset=utf-8           xml xsl xsd
            application/rss+xml; charset=utf-8       rss
            application/atom+xml; charset=utf-8      atom
            image/svg+xml; charset=utf-8             svg
            text/plain; charset=utf-8                txt text log conf ini
            text/markdown; charset=utf-8             md markdown mdx
            text/csv; charset=utf-8                  csv
            application/x-ndjson; charset=utf-8      ndjson jsonl
            application/gpx+xml; charset=utf-8       gpx
            application/vnd.google-earth.kml+xml; charset=utf-8  kml
            text/tab-separated-values; charset=utf-8  tsv
            text/yaml; charset=utf-8                 yaml yml
            application/toml; charset=utf-8          toml
            text/calendar; charset=utf-8             ics
            text/vcard; charset=utf-8                vcf
            text/vtt; charset=utf-8                  vtt
            application/x-subrip; charset=utf-8      srt
            application/wasm                         wasm
            application/pdf                          pdf
            application/rtf                          rtf
            application/epub+zip                     epub
            application/zip                          zip
            application/gzip                         gz tgz
            application/x-bzip2                      bz2
            application/x-xz                         xz
            application/zstd                         zst
            application/x-tar                        tar
            application/x-7z-compressed              7z
            application/vnd.rar                      rar
            application/java-archive                 jar
            application/vnd.android.package-archive  apk
            application/x-apple-diskimage            dmg
            application/vnd.microsoft.portable-executable  exe msi
            image/png                                png
            image/apng                               apng
            image/jpeg                               jpg jpeg jpe jfif
            image/gif                                gif
            image/webp                               webp
            image/avif                               avif
            image/heic                               heic
            image/jxl                                jxl
            image/bmp                                bmp
            image/tiff                               tif tiff
            image/vnd.microsoft.icon                 ico cur
            font/woff                                woff
            font/woff2                               woff2
            font/ttf                                 ttf
            font/otf                                 otf
            font/collection                          ttc
            application/vnd.ms-fontobject            eot
            audio/mpeg                               mp3
            audio/mp4                                m4a
            audio/aac                                aac
            audio/ogg                                ogg oga opus
            audio/flac                               flac
            audio/wav                                wav
            audio/midi                               mid midi
            video/mp4                                mp4 m4v
            video/mpeg                               mpeg mpg
            video/webm                               webm
            video/ogg                                ogv
            video/quicktime                          mov
            video/x-matroska                         mkv
            video/x-msvideo                          avi
            video/mp2t                               ts
            application/vnd.apple.mpegurl            m3u8
            application/dash+xml                     mpd
            model/gltf+json                          gltf
            model/gltf-binary                        glb
            model/obj                                obj
            model/stl                                stl
            model/vnd.usdz+zip                       usdz
            application/vnd.apple.pkpass             pkpass
            application/x-apple-aspen-config         mobileconfig
            application/vnd.oasis.opendocument.text  odt
            application/vnd.oasis.opendocument.spreadsheet   ods
            application/vnd.oasis.opendocument.presentation  odp
            application/msword                       doc
            application/vnd.ms-excel                 xls
            application/vnd.ms-powerpoint            ppt
            application/vnd.openxmlformats-officedocument.wordprocessingml.document   docx
            application/vnd.openxmlformats-officedocument.spreadsheetml.sheet         xlsx
            application/vnd.openxmlformats-officedocument.presentationml.presentation  pptx
            application/x-protobuf                   pb binpb
            application/vnd.sqlite3                  sqlite
            """);

    /** Files that have no extension, by name. */
    private static final Map<String, String> BY_NAME = Map.of(
            "apple-app-site-association",
            "application/json; charset=utf-8",
            "LICENSE",
            TEXT,
            "README",
            TEXT,
            "CNAME",
            TEXT,
            "openid-configuration",
            "application/json; charset=utf-8",
            "oauth-authorization-server",
            "application/json; charset=utf-8");

    private ContentTypes() {}

    /** @param path with {@code /} */
    static String of(String path) {
        var name = path.substring(path.lastIndexOf('/') + 1);
        var dot = name.lastIndexOf('.');
        if (dot < 0) {
            return BY_NAME.getOrDefault(name, UNKNOWN);
        }
        return BY_EXTENSION.getOrDefault(name.substring(dot + 1).toLowerCase(Locale.ROOT), UNKNOWN);
    }

    /** Everything that is text, and the binary formats that are not compressed in themselves. */
    static boolean isCompressible(String type) {
        return type.contains("charset=utf-8")
                || switch (type) {
                    case "application/wasm",
                            "application/dash+xml",
                            "application/vnd.apple.mpegurl",
                            "application/vnd.ms-fontobject",
                            "application/x-tar",
                            "application/x-protobuf",
                            "application/vnd.sqlite3",
                            "font/ttf",
                            "font/otf",
                            "font/collection",
                            "image/bmp",
                            "image/vnd.microsoft.icon",
                            "model/gltf+json",
                            "model/gltf-binary",
                            "model/obj",
                            "model/stl" -> true;
                    default -> false;
                };
    }

    private static Map<String, String> table(String text) {
        var table = new HashMap<String, String>();
        text.lines().forEach(line -> {
            var end = line.indexOf("  ") < 0 ? line.lastIndexOf(' ') : line.indexOf("  ");
            var type = line.substring(0, end);
            for (var extension : line.substring(end).strip().split(" ", -1)) {
                table.put(extension, type);
            }
        });
        return Map.copyOf(table);
    }
}

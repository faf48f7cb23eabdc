package codehaven.state;

import codehaven.model.CommitSha;
import codehaven.model.Host;
import codehaven.model.Slug;
import codehaven.model.Target;
import java.util.List;
import org.bson.Document;
import org.springframework.core.convert.converter.Converter;
import org.springframework.data.convert.ReadingConverter;
import org.springframework.data.convert.WritingConverter;
import org.springframework.data.mongodb.core.convert.DefaultMongoTypeMapper;
import org.springframework.data.mongodb.core.convert.MappingMongoConverter;
import org.springframework.data.mongodb.core.convert.MongoCustomConversions;
import org.springframework.data.mongodb.core.convert.NoOpDbRefResolver;
import org.springframework.data.mongodb.core.mapping.MongoMappingContext;

/**
 * The model's records as documents and back: what is absent is left out, values with a form of their own are texts,
 * sealed types say in a field of their own which they are, and no Java class is named.
 */
final class Records {

    private static final MappingMongoConverter CONVERTER = make();

    private Records() {}

    static MappingMongoConverter converter() {
        return CONVERTER;
    }

    /** A property that is called {@code id} is written as {@code _id}. */
    static Document write(Object record) {
        var document = new Document();
        CONVERTER.write(record, document);
        return document;
    }

    /** Fields that the record does not know are ignored. */
    static <T> T read(Class<T> type, Document document) {
        return CONVERTER.read(type, document);
    }

    private static MappingMongoConverter make() {
        var conversions = new MongoCustomConversions(List.of(
                new SlugToText(),
                new TextToSlug(),
                new HostToText(),
                new TextToHost(),
                new ShaToText(),
                new TextToSha(),
                new FilesToDocument(),
                new ContainerToDocument(),
                new DocumentToTarget()));
        var context = new MongoMappingContext();
        context.setSimpleTypeHolder(conversions.getSimpleTypeHolder());
        context.setAutoIndexCreation(false);
        context.afterPropertiesSet();
        var converter = new MappingMongoConverter(NoOpDbRefResolver.INSTANCE, context);
        converter.setCustomConversions(conversions);
        converter.setTypeMapper(new DefaultMongoTypeMapper(null));
        converter.afterPropertiesSet();
        return converter;
    }

    @WritingConverter
    private static final class SlugToText implements Converter<Slug, String> {
        @Override
        public String convert(Slug slug) {
            return slug.text();
        }
    }

    @ReadingConverter
    private static final class TextToSlug implements Converter<String, Slug> {
        @Override
        public Slug convert(String text) {
            return new Slug(text);
        }
    }

    @WritingConverter
    private static final class HostToText implements Converter<Host, String> {
        @Override
        public String convert(Host host) {
            return host.text();
        }
    }

    @ReadingConverter
    private static final class TextToHost implements Converter<String, Host> {
        @Override
        public Host convert(String text) {
            return new Host(text);
        }
    }

    @WritingConverter
    private static final class ShaToText implements Converter<CommitSha, String> {
        @Override
        public String convert(CommitSha sha) {
            return sha.text();
        }
    }

    @ReadingConverter
    private static final class TextToSha implements Converter<String, CommitSha> {
        @Override
        public CommitSha convert(String text) {
            return new CommitSha(text);
        }
    }

    @WritingConverter
    private static final class FilesToDocument implements Converter<Target.Files, Document> {
        @Override
        public Document convert(Target.Files files) {
            return new Document("is", "files").append("manifest", files.manifest());
        }
    }

    @WritingConverter
    private static final class ContainerToDocument implements Converter<Target.Container, Document> {
        @Override
        public Document convert(Target.Container container) {
            return new Document("is", "container")
                    .append("manifest", container.manifest())
                    .append("addresses", container.addresses());
        }
    }

    @ReadingConverter
    private static final class DocumentToTarget implements Converter<Document, Target> {
        @Override
        public Target convert(Document document) {
            return switch (document.getString("is")) {
                case "files" -> new Target.Files(document.getString("manifest"));
                case "container" ->
                    new Target.Container(
                            document.getString("manifest"), document.getList("addresses", String.class, List.of()));
                case String other ->
                    throw new IllegalStateException("a site's target is '" + other
                            + "', which this version does not know: use the version that wrote it, or a newer one");
            };
        }
    }
}

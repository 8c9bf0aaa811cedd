import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;

/**
 * Prints which values Flink accepts.
 *
 * <pre>java -cp 'FOLDER-OF-JARS/lib/*' tools/option-catalog/ProbeValues.java VALUES ANSWERS</pre>
 *
 * Each line of VALUES has a type, a tab and a value. Each line of ANSWERS is `y` or `n`.
 */
public class ProbeValues {
    enum Mode {
        EXACTLY_ONCE,
        AT_LEAST_ONCE
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, ConfigOption<?>> options = new HashMap<>();
        options.put("Boolean", option().booleanType().noDefaultValue());
        options.put("Integer", option().intType().noDefaultValue());
        options.put("Long", option().longType().noDefaultValue());
        options.put("Float", option().floatType().noDefaultValue());
        options.put("Double", option().doubleType().noDefaultValue());
        options.put("Duration", option().durationType().noDefaultValue());
        options.put("MemorySize", option().memoryType().noDefaultValue());
        options.put("Enum", option().enumType(Mode.class).noDefaultValue());
        options.put("List", option().stringType().asList().noDefaultValue());
        options.put("EnumList", option().enumType(Mode.class).asList().noDefaultValue());
        options.put("Map", option().mapType().noDefaultValue());
        options.put("MapList", option().mapType().asList().noDefaultValue());
        List<String> answers = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            int tab = line.indexOf('\t');
            Configuration configuration = new Configuration();
            configuration.setString("option", line.substring(tab + 1));
            answers.add(reads(configuration, options.get(line.substring(0, tab))) ? "y" : "n");
        }
        Files.write(Path.of(arguments[1]), answers);
    }

    private static boolean reads(Configuration configuration, ConfigOption<?> option) {
        try {
            configuration.get(option);
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }

    private static ConfigOptions.OptionBuilder option() {
        return ConfigOptions.key("option");
    }
}

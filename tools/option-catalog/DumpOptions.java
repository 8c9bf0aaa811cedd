import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Prints every option that the classes of a Flink release declare.
 *
 * <p>The classes of the planner are in a jar within a jar: first unpack flink-table-planner.jar from
 * flink-table-planner-loader.
 *
 * <pre>java tools/option-catalog/DumpOptions.java FOLDER-OF-JARS > 1.20.tsv</pre>
 *
 * One line an option: key, type, values of an enum, whether it is deprecated, deprecated keys,
 * fallback keys, class. Tabs separate columns, vertical lines separate values and keys.
 */
public class DumpOptions {
    public static void main(String[] arguments) throws Exception {
        List<Path> jars;
        try (Stream<Path> files = Files.walk(Path.of(arguments[0]))) {
            jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().collect(Collectors.toList());
        }
        URL[] places = new URL[jars.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = jars.get(i).toUri().toURL();
        }
        TreeSet<String> lines = new TreeSet<>();
        PrintStream out = System.out;
        System.setOut(System.err); // some classes print text when they are initialised
        try (URLClassLoader classes = new URLClassLoader(places, DumpOptions.class.getClassLoader())) {
            for (Path jar : jars) {
                for (String name : flinksOwn(jar)) {
                    dump(name, classes, lines);
                }
            }
        }
        lines.forEach(out::println);
        out.flush();
        System.exit(0);
    }

    private static List<String> flinksOwn(Path jar) throws Exception {
        List<String> names = new ArrayList<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (JarEntry entry : java.util.Collections.list(file.entries())) {
                String name = entry.getName();
                if (name.startsWith("org/apache/flink/") && name.endsWith(".class") && !name.contains("/shaded/")) {
                    names.add(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                }
            }
        }
        return names;
    }

    /** Most classes have no option, and many cannot be loaded without other jars. */
    private static void dump(String name, ClassLoader classes, TreeSet<String> lines) {
        Field[] fields;
        try {
            fields = Class.forName(name, false, classes).getDeclaredFields();
        } catch (Throwable unusable) {
            return;
        }
        for (Field field : fields) {
            boolean ofClass = Modifier.isStatic(field.getModifiers());
            if (!field.getType().getName().endsWith(".ConfigOption") || !ofClass && !name.endsWith("$")) {
                continue;
            }
            try {
                field.setAccessible(true);
                // Scala objects have their options in their single instance.
                Object option = field.get(ofClass ? null : Class.forName(name, true, classes).getField("MODULE$").get(null));
                if (option != null) {
                    lines.add(line(option, field.isAnnotationPresent(Deprecated.class)) + "\t" + name);
                }
            } catch (Throwable unusable) {
                System.err.println(name + "." + field.getName() + ": " + unusable);
            }
        }
    }

    private static String line(Object option, boolean deprecated) throws Exception {
        Class<?> value = (Class<?>) call(option, "getClazz");
        boolean list = (Boolean) call(option, "isList");
        String words = "";
        String type = value.getSimpleName();
        if (value.isEnum()) {
            type = "Enum";
            words = Arrays.stream(value.getEnumConstants()).map(Object::toString).collect(Collectors.joining("|"));
        }
        List<String> older = new ArrayList<>();
        List<String> fallbacks = new ArrayList<>();
        for (Object other : (Iterable<?>) call(option, "fallbackKeys")) {
            ((Boolean) call(other, "isDeprecated") ? older : fallbacks).add((String) call(other, "getKey"));
        }
        return String.join(
                "\t",
                (String) call(option, "key"),
                list ? "List<" + type + ">" : type,
                words,
                deprecated ? "deprecated" : "",
                String.join("|", older),
                String.join("|", fallbacks));
    }

    private static Object call(Object target, String name) throws Exception {
        Method method = target.getClass().getDeclaredMethod(name);
        method.setAccessible(true);
        return method.invoke(target);
    }
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.kubernetes.configuration.KubernetesConfigOptions;
import org.apache.flink.kubernetes.entrypoint.KubernetesWorkerResourceSpecFactory;
import org.apache.flink.kubernetes.kubeclient.parameters.KubernetesTaskManagerParameters;
import org.apache.flink.runtime.clusterframework.ContaineredTaskManagerParameters;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.externalresource.ExternalResourceUtils;
import org.apache.flink.runtime.jobmanager.JobManagerProcessSpec;
import org.apache.flink.runtime.jobmanager.JobManagerProcessUtils;
import org.apache.flink.runtime.resourcemanager.WorkerResourceSpec;
import org.apache.flink.runtime.resourcemanager.slotmanager.SlotManagerConfiguration;
import org.apache.flink.runtime.util.ConfigurationParserUtils;

/**
 * Asks Flink's own classes what they make of configurations.
 *
 * <p>A line in: a question, and options as in a query string: <code>tm&amp;taskmanager.memory.process.size=4g</code>. A line out:
 * <code>ok</code> with numbers, or <code>error</code> with the message, encoded as in a query string.
 */
public class AskFlink {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err); // some classes greet when they are initialised
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("&");
            Map<String, String> options = new HashMap<>();
            for (int i = 1; i < parts.length; i++) {
                String[] pair = parts[i].split("=", 2);
                options.put(URLDecoder.decode(pair[0], "UTF-8"), URLDecoder.decode(pair[1], "UTF-8"));
            }
            String answer;
            try {
                answer = "ok " + answer(parts[0], Configuration.fromMap(options));
            } catch (Throwable refused) {
                Throwable cause = refused instanceof InvocationTargetException ? refused.getCause() : refused;
                answer = "error " + URLEncoder.encode(String.valueOf(cause.getMessage()), "UTF-8");
            }
            out.println(answer);
        }
        out.flush();
        System.exit(0);
    }

    private static String answer(String question, Configuration options) throws Exception {
        switch (question) {
            case "jm":
                return jobManager(options, JobManagerOptions.TOTAL_PROCESS_MEMORY);
            case "jm-script":
                return jobManager(options, JobManagerOptions.JVM_HEAP_MEMORY);
            case "tm":
                return taskManager(options, TaskManagerOptions.TOTAL_PROCESS_MEMORY);
            case "tm-script":
                return taskManager(options, TaskManagerOptions.TOTAL_FLINK_MEMORY);
            case "cpu":
                return String.valueOf(
                        TaskExecutorProcessUtils.getCpuCoresWithFallbackConfigOption(
                                options, KubernetesConfigOptions.TASK_MANAGER_CPU));
            case "slots":
                return String.valueOf(ConfigurationParserUtils.getSlot(options));
            case "segment":
                return String.valueOf(ConfigurationParserUtils.getPageSize(options));
            case "limits":
                return limits(options);
            case "gpu":
                return external(options);
            case "field":
                return field(options.toMap().get("memory"));
            case "factors":
                return factors(options);
            default:
                throw new IllegalArgumentException(question);
        }
    }

    private static String jobManager(Configuration options, ConfigOption<MemorySize> legacyHeap) throws Exception {
        JobManagerProcessSpec memory;
        Method older = find(JobManagerProcessUtils.class, "processSpecFromConfigWithNewOptionToInterpretLegacyHeap");
        if (older == null) {
            memory = (JobManagerProcessSpec) find(JobManagerProcessUtils.class, "processSpecFromConfig").invoke(null, options);
        } else {
            memory = (JobManagerProcessSpec) older.invoke(null, options, legacyHeap);
        }
        return numbers(
                memory.getTotalProcessMemorySize(),
                memory.getTotalFlinkMemorySize(),
                memory.getJvmHeapMemorySize(),
                memory.getJvmDirectMemorySize(),
                memory.getJvmMetaspaceSize(),
                memory.getJvmOverheadSize());
    }

    private static String taskManager(Configuration options, ConfigOption<MemorySize> legacyHeap) throws Exception {
        Method older = find(TaskExecutorProcessUtils.class, "getConfigurationMapLegacyTaskManagerHeapSizeToConfigOption");
        Configuration mapped = older == null ? options : (Configuration) older.invoke(null, options, legacyHeap);
        // Cores are another question.
        mapped = new Configuration(mapped);
        mapped.set(TaskManagerOptions.CPU_CORES, 1.0);
        mapped.removeConfig(TaskManagerOptions.NUM_TASK_SLOTS);
        TaskExecutorProcessSpec memory = TaskExecutorProcessUtils.processSpecFromConfig(mapped);
        return numbers(
                memory.getTotalProcessMemorySize(),
                memory.getTotalFlinkMemorySize(),
                memory.getFlinkMemory().getFrameworkHeap(),
                memory.getFlinkMemory().getFrameworkOffHeap(),
                memory.getTaskHeapSize(),
                memory.getTaskOffHeapSize(),
                memory.getManagedMemorySize(),
                memory.getNetworkMemSize(),
                memory.getJvmMetaspaceSize(),
                memory.getJvmOverheadSize());
    }

    /** Least and most TaskManagers as the slot manager compares them, `-` where nothing bounds them. */
    private static String limits(Configuration options) throws Exception {
        WorkerResourceSpec one = KubernetesWorkerResourceSpecFactory.INSTANCE.createDefaultWorkerResourceSpec(options);
        SlotManagerConfiguration slots = SlotManagerConfiguration.fromConfiguration(options, one);
        double cores = one.getCpuCores().getValue().doubleValue();
        double memory = one.getTotalMemSize().getBytes();
        double least = 0;
        Method minSlots = find(SlotManagerConfiguration.class, "getMinSlotNum");
        if (minSlots != null) {
            least = Math.ceil((Integer) minSlots.invoke(slots) / (double) one.getNumSlots());
            least = Math.max(least, whole(doubleOf(slots, "getMinTotalCpu") / cores, true));
            least = Math.max(least, whole(((MemorySize) call(slots, "getMinTotalMem")).getBytes() / memory, true));
        }
        double most = slots.getMaxSlotNum() == Integer.MAX_VALUE ? Double.MAX_VALUE : Math.floor(slots.getMaxSlotNum() / (double) one.getNumSlots());
        if (minSlots != null) {
            double cpu = doubleOf(slots, "getMaxTotalCpu");
            most = cpu > 1e300 ? most : Math.min(most, whole(cpu / cores, false));
            MemorySize total = slots.getMaxTotalMem();
            most = total.equals(MemorySize.MAX_VALUE) ? most : Math.min(most, whole(total.getBytes() / memory, false));
        }
        return (long) least + "," + (most == Double.MAX_VALUE ? "-" : String.valueOf((long) most));
    }

    /** Up or down; what is off a whole number by less than doubles can tell is that number. */
    private static double whole(double number, boolean up) {
        double nearest = Math.rint(number);
        if (Math.abs(number - nearest) < 1e-7) {
            return nearest;
        }
        return up ? Math.ceil(number) : Math.floor(number);
    }

    private static double doubleOf(Object target, String getter) throws Exception {
        Object resource = call(target, getter);
        return ((Number) call(resource, "getValue")).doubleValue();
    }

    /** As the operator reads a field of memory: as Flink does, else as its Kubernetes client does, which is in this jar too. */
    private static String field(String memory) throws Exception {
        try {
            return String.valueOf(MemorySize.parse(memory).getBytes());
        } catch (RuntimeException notFlinks) {
            Object amount = QUANTITY.getConstructor(String.class).newInstance(memory);
            Object bytes = QUANTITY.getMethod("getAmountInBytes", QUANTITY).invoke(null, amount);
            return String.valueOf(MemorySize.parse(bytes.toString()).getBytes());
        }
    }

    private static final Class<?> QUANTITY = quantity();

    /** It moved into Flink's own name space with 1.17. */
    private static Class<?> quantity() {
        String name = "io.fabric8.kubernetes.api.model.Quantity";
        try {
            return Class.forName("org.apache.flink.kubernetes.shaded." + name);
        } catch (ClassNotFoundException older) {
            try {
                return Class.forName(name);
            } catch (ClassNotFoundException missing) {
                throw new IllegalStateException(missing);
            }
        }
    }

    /** What Kubernetes is asked for, by its names. */
    private static String external(Configuration options) {
        Map<String, String> names = ExternalResourceUtils.getExternalResourceConfigurationKeys(options, "kubernetes.config-key");
        TreeMap<String, Long> amounts = new TreeMap<>();
        ExternalResourceUtils.getExternalResourcesCollection(options)
                .forEach(
                        resource -> {
                            String name = names.get(resource.getName());
                            if (name != null) {
                                amounts.put(name, resource.getValue().longValue());
                            }
                        });
        return amounts.toString().replace(" ", "");
    }

    private static String factors(Configuration options) throws Exception {
        WorkerResourceSpec one = KubernetesWorkerResourceSpecFactory.INSTANCE.createDefaultWorkerResourceSpec(options);
        TaskExecutorProcessSpec memory = TaskExecutorProcessUtils.processSpecFromWorkerResourceSpec(options, one);
        KubernetesTaskManagerParameters pod =
                new KubernetesTaskManagerParameters(
                        options, "pod", "", "", ContaineredTaskManagerParameters.create(options, memory), Collections.emptyMap(), Collections.emptySet());
        double cpu = pod.getTaskManagerCPU() * pod.getTaskManagerCPULimitFactor();
        int mebibytes = (int) (pod.getTaskManagerMemoryMB() * pod.getTaskManagerMemoryLimitFactor());
        return cpu + "," + mebibytes;
    }

    private static String numbers(MemorySize... sizes) {
        StringBuilder numbers = new StringBuilder();
        for (MemorySize size : sizes) {
            numbers.append(numbers.length() == 0 ? "" : ",").append(size.getBytes());
        }
        return numbers.toString();
    }

    private static Object call(Object target, String name) throws Exception {
        return target.getClass().getMethod(name).invoke(target);
    }

    /** A method that not every release has. */
    private static Method find(Class<?> owner, String name) {
        for (Method method : owner.getDeclaredMethods()) {
            if (method.getName().equals(name)) {
                method.setAccessible(true);
                return method;
            }
        }
        return null;
    }
}

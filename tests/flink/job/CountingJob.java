import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.accumulators.LongMaximum;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * Counts what it has read, in state, and shows the count as the accumulator `counted`. A job that
 * lost its state counts from zero, which the tests see.
 */
public final class CountingJob {
    private static final class Count extends RichMapFunction<Long, Long> implements CheckpointedFunction {
        private final LongCounter shown = new LongCounter();
        private final LongCounter reporting = new LongCounter();
        private final LongMaximum parallelism = new LongMaximum();
        private transient ListState<Long> stored;
        private long counted;

        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            stored = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("counted", Long.class));
            for (Long part : stored.get()) {
                counted += part;
            }
            getRuntimeContext().addAccumulator("counted", shown);
            shown.add(counted);
            // Each subtask has a part of the count, and reports with its TaskManager's heartbeats.
            getRuntimeContext().addAccumulator("reporting", reporting);
            reporting.add(1L);
            getRuntimeContext().addAccumulator("parallelism", parallelism);
            parallelism.add(getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks());
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            stored.update(java.util.List.of(counted));
        }

        @Override
        public Long map(Long value) throws Exception {
            counted++;
            shown.add(1L);
            return value;
        }
    }

    /** Slows the source down, in its own thread: nothing waits in buffers, and checkpoints are quick. */
    private static final class Pause implements MapFunction<Long, Long> {
        private final long milliseconds;

        private Pause(long milliseconds) {
            this.milliseconds = milliseconds;
        }

        @Override
        public Long map(Long value) throws Exception {
            Thread.sleep(milliseconds);
            return value;
        }
    }

    public static void main(String[] arguments) throws Exception {
        long pause = arguments.length > 0 ? Long.parseLong(arguments[0]) : 10;
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
        environment
                .fromSource(new NumberSequenceSource(0, Long.MAX_VALUE - 1), WatermarkStrategy.noWatermarks(), "numbers")
                .uid("numbers")
                .setParallelism(1)
                .map(new Pause(pause))
                .uid("pause")
                .setParallelism(1)
                .rebalance()
                .map(new Count())
                .uid("count")
                .sinkTo(new DiscardingSink<>())
                .uid("nowhere");
        environment.execute("counting");
    }
}

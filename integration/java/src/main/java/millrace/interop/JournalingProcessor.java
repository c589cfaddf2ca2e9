package millrace.interop;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** Writes every record down, then checkpoints the batch: what is checkpointed is in the journal. */
final class JournalingProcessor implements ShardRecordProcessor {
    private static final Logger LOG = LoggerFactory.getLogger(JournalingProcessor.class);

    private final Journal journal;
    private String shardId;

    JournalingProcessor(Journal journal) {
        this.journal = journal;
    }

    @Override
    public void initialize(InitializationInput input) {
        shardId = input.shardId();
        journal.held(shardId);
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
        List<KinesisClientRecord> records = input.records();
        for (KinesisClientRecord record : records) {
            journal.delivered(
                    shardId,
                    record.sequenceNumber(),
                    record.subSequenceNumber(),
                    record.partitionKey(),
                    record.data());
        }
        if (!records.isEmpty()) {
            KinesisClientRecord last = records.get(records.size() - 1);
            checkpoint(input.checkpointer(), last);
        }
        if (input.millisBehindLatest() != null) {
            journal.lag(shardId, input.millisBehindLatest());
        }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
        journal.lost(shardId);
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
        try {
            input.checkpointer().checkpoint();
            journal.checkpointed(shardId, "SHARD_END", 0);
        } catch (ShutdownException | InvalidStateException e) {
            LOG.warn("the end of {} was not stored", shardId, e);
        }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
        // Each batch is checkpointed before the next one comes: nothing is left to store.
        LOG.info("asked to give up {}", shardId);
    }

    private void checkpoint(RecordProcessorCheckpointer checkpointer, KinesisClientRecord last) {
        try {
            checkpointer.checkpoint(last.sequenceNumber(), last.subSequenceNumber());
            journal.checkpointed(shardId, last.sequenceNumber(), last.subSequenceNumber());
        } catch (ShutdownException e) {
            LOG.info("{} is somebody else's by now", shardId);
        } catch (InvalidStateException e) {
            LOG.warn("the checkpoint of {} was not stored", shardId, e);
        }
    }
}

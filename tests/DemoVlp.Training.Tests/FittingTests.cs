using DemoVlp.Modeling;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Testing;
using DemoVlp.Training.Datasets;
using DemoVlp.Training.Fitting;
using DemoVlp.Training.Runs;

namespace DemoVlp.Training.Tests;

public sealed class FittingTests
{
    [Theory]
    [InlineData(2, 16, 1)]
    [InlineData(7, 3, 2)]
    [InlineData(100, 8, 12)]
    public void BatchPlan_OverAnEpoch_TakesEachClipAtMostOnceInFullBatches(int clips, int batchSize, int stepsPerEpoch)
    {
        var plan = new BatchPlan(Ones(clips), batchSize, 3, seed: 1);

        Assert.Equal((stepsPerEpoch, stepsPerEpoch * 3), (plan.StepsPerEpoch, plan.TotalSteps));
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var taken = Enumerable.Range(epoch * stepsPerEpoch, stepsPerEpoch).SelectMany(s => plan.Candidates(s).Take(plan.BatchSize)).ToList();
            Assert.Equal(stepsPerEpoch * plan.BatchSize, taken.Distinct().Count());
        }
    }

    [Fact]
    public void BatchPlan_AskedForAStepOutOfOrder_GivesTheSameBatch()
    {
        int[] clips = [20, 1, 8, 3, 16, 1, 1];
        var forward = new BatchPlan(clips, 16, 4, seed: 9);
        var batches = Enumerable.Range(0, forward.TotalSteps).Select(s => forward.Candidates(s).ToArray()).ToList();
        var resumed = new BatchPlan(clips, 16, 4, seed: 9);

        Assert.Equal(batches[11], resumed.Candidates(11));
        Assert.Equal(batches[4], resumed.Candidates(4));
        Assert.NotEqual(batches[0], batches[9]);
        Assert.NotEqual(batches[0], new BatchPlan(clips, 16, 4, seed: 10).Candidates(0).ToArray());
        Assert.Equal(Enumerable.Range(0, 50), batches[7].Order());
    }

    [Fact]
    public void BatchPlan_WhereClipsHaveSeveralExamples_TakesUpToEightOfAClipTogether()
    {
        int[] clips = [20, 1, 8, 3, 16, 16];
        var (examples, clipOf) = (clips.Sum(), clips.SelectMany((n, i) => Enumerable.Repeat(i, n)).ToArray());
        var plan = new BatchPlan(clips, 64, 2, seed: 4);
        var (first, second) = (plan.Candidates(0).ToArray(), plan.Candidates(1).ToArray());

        Assert.Equal(Enumerable.Range(0, examples), first.Order());
        // A clip's 20 examples are 8, 8 and 4.
        var changes = first.Zip(first.Skip(1)).Count(p => clipOf[p.First] != clipOf[p.Second]);
        Assert.InRange(changes, clips.Length - 1, 3 + 1 + 1 + 1 + 2 + 2 - 1);
        Assert.Equal(10.0 / examples, BatchPlan.VideosPerExample(clips, 64));
        Assert.Equal(1, BatchPlan.VideosPerExample(Ones(7), 64));
        // Who stands beside an example differs from pass to pass.
        Assert.NotEqual(Group(first, 2), Group(second, 2));
        // Small batches show as many clips as ever.
        Assert.Equal(1, BatchPlan.VideosPerExample(clips, 8));

        int[] Group(int[] order, int clip) => [.. order.Where(i => clipOf[i] == clip)];
    }

    [Fact]
    public void BatchPlan_OverManyEpochs_ChoosesEveryTextOfAnExample()
    {
        var plan = new BatchPlan(Ones(2), 2, 100, seed: 3);
        var chosen = Enumerable.Range(0, 100).Select(s => plan.Text(s, 1, 5)).ToList();
        Assert.Equal([0, 1, 2, 3, 4], chosen.Distinct().Order());
    }

    [Theory]
    [InlineData(new[] { 2, 7, 3 }, new long[] { 0, 3 }, 2)]
    [InlineData(new[] { 2, 7, 3 }, new long[] { 0, 2, 3 }, 2)]
    [InlineData(new[] { 2, 3, 2, 3 }, new long[] { 0, 6, 4 }, 2)]
    [InlineData(new[] { 2, 3, 2, 3 }, new long[] { 0, 2, 3 }, 2)]
    public void CorpusTokens_WhenTheFileDoesNotFit_AreRefused(int[] ids, long[] offsets, int texts)
    {
        var refused = Assert.Throws<ModelFormatException>(() => CorpusTokens.Read(FileOf(ids, offsets), texts));
        Assert.Equal("tokens-invalid", refused.Code);
    }

    [Fact]
    public void CorpusTokens_OfAFile_AreThoseOfEachText()
    {
        var tokens = CorpusTokens.Read(FileOf([2, 7, 3, 2, 3], [0, 3, 5]), 2);
        Assert.Equal([2, 7, 3], tokens[0]);
        Assert.Equal([2, 3], tokens[1]);
    }

    [Fact]
    public void StepMemory_OfABatchNoMachineHolds_IsRefusedWithAPlainSentence()
    {
        var config = ModelConfig.Tiny(1000, 256);
        StepMemory.Check(config, 16, new(20));
        var refused = Assert.Throws<RunFailedException>(() => StepMemory.Check(config, 1024 * 64, new(48)));
        Assert.Equal("not-enough-memory", refused.Code);
        // Once the alignment fills its blocks, memory grows with the batch and not with its square; a text longer than the model takes costs no more.
        var (one, two, four) = (StepMemory.Estimate(config, 512, new(48)), StepMemory.Estimate(config, 1024, new(48)), StepMemory.Estimate(config, 2048, new(500)));
        Assert.Equal((two - one) * 2, four - two);
    }

    [Fact]
    public void RegionCache_OfClipsSomeOfWhichHaveNoFile_IsEstimatedByTheFilesAndByWhatTheModelLooksAt()
    {
        var config = ModelConfig.Tiny(1000, 256).ObjectConfig;
        static Clip Filed(string id) => new() { Id = id, Regions = new ClipRegions(new("videos/a/regions", "00", 5000, "x")) };
        Clip[] clips = [Filed("a"), Filed("b"), Filed("a"), new() { Id = "c" }, new() { Id = "d", Regions = new ClipRegions(null, "imported") }];

        // Of every region 256 numbers and the four of its box, each float32.
        Assert.Equal(2 * 5000 + 2L * config.NumFrames * config.ObjectNum * 260 * 4, RegionCache.Estimate(clips, config));
    }

    [Fact]
    public void StartingModel_ForRetrievalFromAQuestionAnsweringModel_KeepsItsEncodersAndLeavesTheHead()
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red"], 8, ["red", "blue"], seed: 1);
        using var answering = ModelDirectory.Load(folder.Path);

        using var searching = StartingModel.Load(folder.Path, ModelTasks.Retrieval, [], seed: 2);

        Assert.Equal((ModelTasks.Retrieval, 0), (searching.Config.Task, searching.Config.NumLabels));
        Assert.Empty(searching.Answers);
        var known = ModelWeights.Of(answering.Network).ToDictionary(w => w.Name, w => w.Value);
        Assert.All(ModelWeights.Of(searching.Network), w => Assert.True(w.Value.allclose(known[w.Name], 0, 0), w.Name));
        Assert.DoesNotContain(ModelWeights.Of(searching.Network), w => w.Name.StartsWith("head.", StringComparison.Ordinal));
    }

    [Fact]
    public void Examples_OfAClipWithChoicesAndNoCaption_AreDescribedByWhatIsRight()
    {
        Clip[] clips = [.. Enumerable.Range(0, 2).Select(i => new Clip { Id = $"{i}", Choices = [new([$"wrong {i}", $"right {i}"], 1), new([$"true {i}", $"false {i}", $"untrue {i}"], 0)] })];

        var examples = Examples.Of(ModelTasks.Retrieval, clips, [], null);

        Assert.Equal(["right 0", "true 0"], examples.Texts.Skip(examples.Train[0].FirstText).Take(examples.Train[0].Texts));
        Assert.Equal([(2, 1), (3, 0)], examples.Train[1].Choices.Select(c => (c.Count, c.Answer)));
    }

    [Fact]
    public async Task BatchReader_OverManyEpochs_SetsEveryNearMissOfEveryChoiceAgainstTheRightOne()
    {
        using var app = new TrainingApp();
        Clip[] clips = [.. await Task.WhenAll(Enumerable.Range(0, 2).Select(async i => new Clip
        {
            Id = $"{i}", Regions = new ClipRegions(await app.WriteRegionsAsync(new Guid(i + 1, 0, 0, new byte[8]), i, TestContext.Current.CancellationToken)), Captions = [$"caption {i}"],
            Choices = [new([$"a {i}", $"right of a {i}", $"b {i}", $"c {i}"], 1), new([$"d {i}", $"right of d {i}"], 1)],
        }))];
        var examples = Examples.Of(ModelTasks.Retrieval, clips, [], null);
        // Text n is the three tokens [CLS], n + 10, [SEP].
        var tokens = CorpusTokens.Read(FileOf([.. examples.Texts.SelectMany((_, n) => new[] { 2, n + 10, 3 })], [.. Enumerable.Range(0, examples.Texts.Count + 1).Select(n => 3L * n)]), examples.Texts.Count);
        var plan = new BatchPlan(Ones(2), 2, 100, seed: 3);
        var seen = new HashSet<string>();
        await app.InScopeAsync<ClipRegionsReader, int>(async regions =>
        {
            await using var reader = new BatchReader(examples.Train, tokens, plan, new RegionCache(regions, 1 << 20, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance), 0);
            for (var step = 0; step < plan.TotalSteps; step++)
                foreach (var sample in reader.Next(TestContext.Current.CancellationToken))
                {
                    var said = sample.Choice!.Options.Select(o => examples.Texts[o[1] - 10]).ToArray();
                    Assert.Equal(0, sample.Choice.Answer);
                    Assert.StartsWith(said[0], $"right of a {said[0][^1]}|right of d {said[0][^1]}"[(said.Length == 3 ? 0 : 13)..], StringComparison.Ordinal);
                    Assert.Equal(said.Length, said.Distinct().Count());
                    seen.UnionWith(said.Skip(1));
                }
            return 0;
        });
        Assert.Equal(["a 0", "a 1", "b 0", "b 1", "c 0", "c 1", "d 0", "d 1"], seen.Order());
    }

    [Fact]
    public async Task BatchReader_WhileAStepIsComputed_ReadsTheNextTwoBatches()
    {
        using var app = new TrainingApp();
        Clip[] clips = [.. await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => new Clip
        {
            Id = $"{i}", Regions = new ClipRegions(await app.WriteRegionsAsync(new Guid(i + 1, 0, 0, new byte[8]), i, TestContext.Current.CancellationToken)), Captions = ["a caption"],
        }))];
        var examples = Examples.Of(ModelTasks.Retrieval, clips, [], null);
        var tokens = CorpusTokens.Read(FileOf([.. examples.Texts.SelectMany(_ => new[] { 2, 5, 3 })], [.. Enumerable.Range(0, examples.Texts.Count + 1).Select(n => 3L * n)]), examples.Texts.Count);
        await app.InScopeAsync<ClipRegionsReader, int>(async regions =>
        {
            await using var reader = new BatchReader(examples.Train, tokens, new BatchPlan(Ones(20), 2, 1, seed: 3), new RegionCache(regions, 0, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance), 0);
            await Eventually.TrueAsync("two batches wait though nobody has asked", () => reader.Waiting == 2, TestContext.Current.CancellationToken);
            foreach (var clip in clips) app.Artifacts.Delete(clip.Regions!.Artifact!.Key);

            Assert.All([reader.Next(TestContext.Current.CancellationToken), reader.Next(TestContext.Current.CancellationToken)], batch => Assert.Equal(2, batch.Count));
            // No more than a third was under way.
            var ended = Assert.Throws<RunFailedException>(() =>
            {
                reader.Next(TestContext.Current.CancellationToken);
                reader.Next(TestContext.Current.CancellationToken);
            });
            Assert.Equal("dataset-too-small", ended.Code);
            return 0;
        });
    }

    private static byte[] FileOf(int[] ids, long[] offsets)
    {
        using var stream = new MemoryStream();
        new SafetensorsWriter().Add("ids", ids, ids.Length).Add("offsets", offsets, offsets.Length).Write(stream);
        return stream.ToArray();
    }

    private static int[] Ones(int clips) => [.. Enumerable.Repeat(1, clips)];
}

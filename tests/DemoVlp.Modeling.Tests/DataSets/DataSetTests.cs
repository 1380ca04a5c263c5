using DemoVlp.Modeling.DataSets;
using DemoVlp.Modeling.Tests.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class DataSetTests
{
    [Fact]
    public void Read_WithARegionDirectory_NamesVideosWithoutRegions()
    {
        using var folder = new DataSetFolder();
        folder.Write("webvid_validation_success_full.tsv", "a\tp/whole\nb\tp/nothing\nc\tp/one\nd\tp/later\n");
        folder.WriteVideo("val/p/whole", 3);
        folder.WriteVideo("val/p/one", 1);
        folder.WriteVideo("val/p/later", 3);
        File.Delete(Path.Combine(folder.Regions, "val/p/later/0.npz"));

        var (items, report) = folder.Captions("webvid", DataSetSplit.Validation, new() { RegionDirectory = folder.Regions });

        Assert.Equal(3, Assert.Single(items).Regions!.Count);
        Assert.Equal([(2, "p/nothing"), (3, "p/one"), (4, "p/later")], report.First.Select(row => ((int)row.Place.Row, row.VideoId)));
        Assert.Equal(3, report.Reasons[UnusableReasons.RegionsMissing]);
    }

    [Fact]
    public void ReadWithRegions_OfImages_TakesTheSecondDetectorsFileOrElseTheFirst()
    {
        using var folder = new DataSetFolder();
        folder.Write("cc3m_training_success_full.tsv", "a\t12_345\nb\t13_5\nc\t14_5\n");
        folder.WriteImage("train/0000/12_345_1.npz");
        folder.WriteImage("train/0000/13_5_0.npz");
        var report = new DataSetReport();

        var samples = Open(folder, "cc3m", ReferenceCompatibility.Reference with { FirstRowLost = false }).ReadWithRegions(1, new Random(1), report).ToList();

        Assert.Equal(["a", "b"], samples.Select(sample => sample.Item.Captions[0]));
        Assert.All(samples, sample => Assert.NotEqual(0, Assert.Single(sample.Frames).Count));
        Assert.Equal("14_5", Assert.Single(report.First).VideoId);
    }

    [Fact]
    public void ReadWithRegions_WhenAFrameIsDamagedOrMissing_NamesTheVideoAndGoesOn()
    {
        using var folder = new DataSetFolder();
        folder.Write("webvid_training_success_full.tsv", "a\tp/1\nb\tp/2\nc\tp/3\n");
        foreach (var video in (string[])["1", "2", "3"]) folder.WriteVideo($"train/p/{video}", 4);
        File.WriteAllText(Path.Combine(folder.Regions, "train/p/1/2.npz"), "no region file");
        File.Move(Path.Combine(folder.Regions, "train/p/2/3.npz"), Path.Combine(folder.Regions, "train/p/2/7.npz"));
        var report = new DataSetReport();

        var samples = Open(folder, "webvid").ReadWithRegions(4, random: null, report).ToList();

        Assert.Equal([0, 1, 2, 3], Assert.Single(samples).Frames.Select(frame => frame.FrameIndex));
        Assert.Equal([("p/1", "regions-unreadable"), ("p/2", "regions-unreadable")], report.First.Select(row => (row.VideoId, row.Reason)));
        Assert.Equal((3L, 1L), (report.Rows, report.Usable));
    }

    [Fact]
    public void ReadWithRegions_WithThePublishedFrameChoice_LosesVideosWithBinsOfOneFrame()
    {
        using var folder = new DataSetFolder();
        foreach (var file in (string[])["webvid_training_success_full.tsv", "MSVD_train.tsv"]) folder.Write(file, "a\tfour\nb\tsix\nc\ttwelve\n");
        foreach (var (name, frames) in ((string, int)[])[("four", 4), ("six", 6), ("twelve", 12)])
        {
            folder.WriteVideo($"train/{name}", frames);
            folder.WriteVideo(name, frames);
        }
        var published = new ReferenceCompatibility { LastFrameOfBinNeverDrawn = true };

        Assert.Equal(["four", "twelve"], Videos("webvid", published)); // WebVid alone: four of four frames are all of them.
        Assert.Equal(["twelve"], Videos("msvd", published));
        Assert.Equal(["four", "six", "twelve"], Videos("webvid", ReferenceCompatibility.Corrected));
        Assert.Equal([2, 5, 8, 11], LastFrames(ReferenceCompatibility.Corrected));
        Assert.Equal([1, 4, 7, 10], LastFrames(published));

        IEnumerable<string> Videos(string name, ReferenceCompatibility compatibility) => Open(folder, name, compatibility).ReadWithRegions(4, new Random(1), new DataSetReport()).Select(sample => sample.Item.VideoId);

        // The latest frame that 40 passes draw from each bin.
        int[] LastFrames(ReferenceCompatibility compatibility)
        {
            var set = Open(folder, "msvd", compatibility);
            var passes = Enumerable.Range(0, 40).Select(seed => set.ReadWithRegions(4, new Random(seed), new DataSetReport()).Last().Frames.Select(frame => frame.FrameIndex).ToArray()).ToList();
            return [.. Enumerable.Range(0, 4).Select(bin => passes.Max(pass => pass[bin]))];
        }
    }

    [Theory]
    [InlineData(0, 4, new int[0])]
    [InlineData(4, 0, new int[0])]
    [InlineData(1, 4, new[] { 0 })]
    public void Uniform_OfNoOrOneFrame_TakesWhatThereIs(int available, int wanted, int[] chosen)
    {
        Assert.Equal(chosen, FrameSampling.Uniform(available, wanted));
        Assert.Equal(chosen, FrameSampling.Random(available, wanted, new Random(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameSampling.Uniform(available, -1));
    }

    [Fact]
    public void RandomWithoutLast_ForEveryPublishedPair_DrawsAndFailsAsPublished()
    {
        foreach (var row in GoldenCase.Open("06_frame_sampling").Manifest.GetProperty("expected").GetProperty("table").EnumerateArray())
        {
            var (wanted, available) = (row.GetProperty("num_frames").GetInt32(), row.GetProperty("available").GetInt32());
            int[]?[] drawn = [.. Enumerable.Range(0, 200).Select(seed => FrameSampling.RandomWithoutLast(available, wanted, new Random(seed)))];
            Assert.All(drawn, d => Assert.Equal(row.GetProperty("rand_fails").GetBoolean(), d is null));
            if (drawn[0] is null) continue;
            var bins = row.GetProperty("rand_choices_half_open").EnumerateArray().Select(b => (From: b[0].GetInt32(), To: b[1].GetInt32())).ToArray();
            for (var i = 0; i < bins.Length; i++) Assert.Equal((bins[i].From, bins[i].To - 1), (drawn.Min(d => d![i]), drawn.Max(d => d![i])));
        }
    }

    [Fact]
    public void Open_OfWhatIsNotThere_SaysWhatIs()
    {
        using var folder = new DataSetFolder();
        var unknown = Assert.Throws<ModelFormatException>(() => folder.Captions("imagenet", DataSetSplit.Train));
        Assert.Equal("dataset-unknown", unknown.Code);
        Assert.All(DataSetCatalog.Names, name => Assert.Contains(name, unknown.Message, StringComparison.Ordinal));
        var missing = Assert.Throws<ModelFormatException>(() => folder.Captions("WebVid", DataSetSplit.Train));
        Assert.Equal("dataset-missing-file", missing.Code);
        Assert.Contains("webvid_training_success_full.tsv", missing.Message, StringComparison.Ordinal);
        Assert.Equal("dataset-kind", Assert.Throws<ModelFormatException>(() => folder.Captions("msvd-qa", DataSetSplit.Train)).Code);
        Assert.Contains("Train, Validation", Assert.Throws<ModelFormatException>(() => folder.Captions("cc3m", DataSetSplit.Test)).Message, StringComparison.Ordinal);
        Assert.Contains("jsfusion, miech", Assert.Throws<ModelFormatException>(() => folder.Captions("msrvtt", DataSetSplit.Test, new() { Cut = "1k" })).Message, StringComparison.Ordinal);
        Assert.Equal("dataset-option", Assert.Throws<ModelFormatException>(() => folder.Captions("msvd", DataSetSplit.Test, new() { Share = double.NaN })).Code);
        Assert.Equal("dataset-missing-file", Assert.Throws<ModelFormatException>(() => folder.Captions("msvd", DataSetSplit.Test, new() { RegionDirectory = folder.Regions })).Code);
        folder.Write("MSVD_test.tsv", "a\tb\n");
        Assert.Equal("dataset-option", Assert.Throws<ModelFormatException>(() => DataSetCatalog.OpenCaptions("msvd", folder.Root, DataSetSplit.Test).ReadWithRegions(4, null, new DataSetReport())).Code);
        Assert.Equal([DataSetKind.Captions, DataSetKind.Questions, DataSetKind.MultipleChoice], DataSetCatalog.Names.Select(DataSetCatalog.KindOf).Distinct());
    }

    private static DataSet<CaptionItem> Open(DataSetFolder folder, string name, ReferenceCompatibility? compatibility = null) =>
        DataSetCatalog.OpenCaptions(name, folder.Root, DataSetSplit.Train, new() { RegionDirectory = folder.Regions, Compatibility = compatibility ?? ReferenceCompatibility.Corrected });
}

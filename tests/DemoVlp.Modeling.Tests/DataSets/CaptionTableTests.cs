using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class CaptionTableTests
{
    private static readonly DataSetOptions Reference = new() { Compatibility = ReferenceCompatibility.Reference };

    [Theory]
    [InlineData("webvid", "meta_data/webvid_training_success_full.tsv", "000001_000050/11", "train/000001_000050/11")]
    [InlineData("cc3m", "meta_data/cc3m_training_success_full.tsv", "9_159558", "train/0000/9_159558")]
    [InlineData("cc3m", "meta_data/cc3m_training_success_full.tsv", "1595581_236", "train/1595/1595581_236")]
    [InlineData("didemo", "meta_data/DiDeMo_train.tsv", "12@N00_42.mov", "12@N00_42")]
    [InlineData("msvd", "MSVD_train.tsv", "-4wsuPCjDBc_5_15", "-4wsuPCjDBc_5_15")]
    public void Read_OfATableWithoutHeader_KeepsTheFirstRowThatThePublishedCodeLoses(string name, string file, string video, string regions)
    {
        using var folder = new DataSetFolder();
        folder.Write(file, $"\"a \"\"big\"\" dog\trun\"\t{video}\na cat sleeps\t{video}\n");

        var (items, report) = folder.Captions(name, DataSetSplit.Train);
        var (fewer, lost) = folder.Captions(name, DataSetSplit.Train, Reference);

        Assert.Equal(["a \"big\" dog\trun", "a cat sleeps"], items.Select(item => Assert.Single(item.Captions)));
        Assert.All(items, item => Assert.Equal((video, regions), (item.VideoId, item.RegionPath)));
        Assert.Equal([1L, 2L], items.Select(item => item.Place.Row));
        Assert.Equal(0, report.Unusable);
        Assert.Equal(items[1..].Select(item => item.Captions[0]), fewer.Select(item => item.Captions[0]));
        Assert.Equal(UnusableReasons.FirstRowLost, Assert.Single(lost.First).Reason);
    }

    [Fact]
    public void Read_OfLsmdc_TakesTheLastColumnAndTheFilmsFolder()
    {
        using var folder = new DataSetFolder();
        folder.Write("meta_data/LSMDC16_challenge_1000_publictect.csv", """
            3064_SPARKLE_2012_00.14.12.000-00.14.22.429	00.14.12.000	00.14.22.429	00.14.12.000	00.14.22.429	SOMEONE waves.
            1001_Flight_01.02.03.004-01.02.05.006	01.02.03.004	01.02.05.006	01.02.03.004	01.02.05.006	"Stop," SOMEONE says.
            1001_Flight_01.02.03.004-01.02.05.006	01.02.03.004	SOMEONE sits.

            """);

        var (items, report) = folder.Captions("lsmdc", DataSetSplit.Test);

        Assert.Equal(["SOMEONE waves.", "Stop, SOMEONE says."], items.Select(item => item.Captions[0]));
        Assert.Equal(["3064_SPARKLE_2012/3064_SPARKLE_2012_00.14.12.000-00.14.22.429", "1001_Flight/1001_Flight_01.02.03.004-01.02.05.006"], items.Select(item => item.RegionPath));
        Assert.Equal("LSMDC16_challenge_1000_publictect.csv, row 3: columns. It has 3 columns, not 6.", Assert.Single(report.First).ToString());
    }

    [Fact]
    public void Read_OfMsvd_GivesAllCaptionsOfAVideoOrOnlyTheFirstAsThePublishedCode()
    {
        using var folder = new DataSetFolder();
        folder.Write("meta_data/MSVD_test.tsv", "lost,row\tv0\na man cooks,a man is cooking, he cooks,\tv1\n,only second\tv2\n");

        Assert.Equal([["lost", "row"], ["a man cooks", "a man is cooking", "he cooks"], ["only second"]], folder.Captions("msvd", DataSetSplit.Test).Items.Select(item => item.Captions));
        var (items, report) = folder.Captions("msvd", DataSetSplit.Test, Reference);
        Assert.Equal(["a man cooks"], Assert.Single(items).Captions);
        Assert.Equal(1, report.Reasons[UnusableReasons.CaptionMissing]);
    }

    [Fact]
    public void Read_OfRowsThatCannotBeUsed_CountsAndNamesEach()
    {
        using var folder = new DataSetFolder();
        folder.Write("webvid_training_success_full.tsv", "fine\tp/1\n\tp/2\nno video\t\nalone\n  \tp/3\nNA\tp/4\nout\t../../etc/passwd\nopen\tp/5\n\"never closed\tp/6\nswallowed\tp/7\n");

        var (items, report) = folder.Captions("webvid", DataSetSplit.Train);

        Assert.Equal(["fine", "NA", "open"], items.Select(item => item.Captions[0]));
        Assert.Equal(
            [(2, "caption-missing", "p/2"), (3, "video-missing", ""), (4, "columns", ""), (5, "caption-missing", "p/3"), (7, "video-name", "../../etc/passwd"), (9, "quote-open", "")],
            report.First.Select(row => ((int)row.Place.Row, row.Reason, row.VideoId)));
        Assert.All(report.First, row => Assert.Equal("webvid_training_success_full.tsv", row.Place.File));
        Assert.Equal((9L, 3L, 6L, 2L), (report.Rows, report.Usable, report.Unusable, report.Reasons["caption-missing"]));
        // pandas takes the caption "NA" for a missing value.
        Assert.Equal(["open"], folder.Captions("webvid", DataSetSplit.Train, Reference).Items.Select(item => item.Captions[0]));
    }

    [Fact]
    public void Read_OfCc3mValidation_DrawsTheSameHundredthEachTime()
    {
        using var folder = new DataSetFolder();
        folder.Write("cc3m_validation_success_full.tsv", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"caption {i}\t{i}_1\n")));

        var (items, report) = folder.Captions("cc3m", DataSetSplit.Validation);

        Assert.InRange(items.Length, 150, 250);
        Assert.Equal(items.Length, report.Rows);
        Assert.Equal(items.Select(item => item.VideoId), folder.Captions("cc3m", DataSetSplit.Validation).Items.Select(item => item.VideoId));
        Assert.NotEqual(items.Select(item => item.VideoId), folder.Captions("cc3m", DataSetSplit.Validation, new() { Seed = 1 }).Items.Select(item => item.VideoId));
        Assert.Equal(20_000, folder.Captions("cc3m", DataSetSplit.Validation, new() { Share = 1 }).Items.Length);
    }

    [Fact]
    public void Read_OfALargeTable_KeepsNoRows()
    {
        using var folder = new DataSetFolder();
        using (var writer = new StreamWriter(Path.Combine(folder.Root, "webvid_training_success_full.tsv")))
        {
            for (var i = 0; i < 300_000; i++) writer.Write(i % 3 == 0 ? $"\tpage/{i}\n" : $"\"somebody does something, number {i}\"\tpage/{i}\n");
        }
        var set = DataSetCatalog.OpenCaptions("webvid", folder.Root, DataSetSplit.Train);
        long each = 0;
        var report = new DataSetReport(kept: 10, _ => each++);
        long most = 0, before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (var item in set.Read(report))
        {
            if (report.Usable % 40_000 == 0) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.Equal((200_000L, 100_000L, 100_000L, 10), (report.Usable, report.Unusable, each, report.First.Count));
        Assert.InRange(most, long.MinValue, 2 << 20);
    }
}

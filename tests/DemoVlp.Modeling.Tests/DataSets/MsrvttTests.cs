using System.Text;
using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class MsrvttTests
{
    /// <summary>pickle.dumps({'video7020': 1, 'video7021': 0, 'video7022': 9}), protocols 2 to 4.</summary>
    private static readonly string[] Pickles =
    [
        "gAJ9cQAoWAkAAAB2aWRlbzcwMjBxAUsBWAkAAAB2aWRlbzcwMjFxAksAWAkAAAB2aWRlbzcwMjJxA0sJdS4=",
        "gAN9cQAoWAkAAAB2aWRlbzcwMjBxAUsBWAkAAAB2aWRlbzcwMjFxAksAWAkAAAB2aWRlbzcwMjJxA0sJdS4=",
        "gASVLwAAAAAAAAB9lCiMCXZpZGVvNzAyMJRLAYwJdmlkZW83MDIxlEsAjAl2aWRlbzcwMjKUSwl1Lg==",
    ];

    private const string Annotations = """
        {"info": {"year": "2016"}, "images": [{"id": "video0", "annotations": [1]}], "annotations": [
          {"caption": "a car drives", "id": 0, "image_id": "video0", "category_id": 9},
          {"caption": "", "id": 1, "image_id": "video7020"}, {"caption": "a dog runs", "id": 2, "image_id": "video7020"},
          {"caption": "a red car", "id": 3, "image_id": "video0"}, {"caption": "nobody knows where", "id": 4},
          {"caption": "a man sings", "id": 5, "image_id": "video7021"}, {"caption": "one", "id": 6, "image_id": "video7022"}], "licenses": []}
        """;

    [Fact]
    public void Read_OfJsfusionTraining_GivesEachVideoAllItsCaptions()
    {
        using var folder = Folder();
        folder.Write("high-quality/structured-symlinks/train_list_jsfusion.txt", "video9\nvideo0\n");

        var (items, report) = folder.Captions("msrvtt", DataSetSplit.Train);

        var item = Assert.Single(items);
        Assert.Equal(("video0", "video0"), (item.VideoId, item.RegionPath));
        Assert.Equal(["a car drives", "a red car"], item.Captions);
        Assert.Equal(["MSR_VTT.json, row 5: video-missing. It has no 'image_id'.", "train_list_jsfusion.txt, row 1 (video9): caption-missing. MSR_VTT.json has no caption of it."], report.First.Select(row => row.ToString()));
    }

    [Fact]
    public void Read_OfJsfusionTest_GivesTheCaptionThatTheProtocolNames()
    {
        foreach (var pickle in Pickles)
        {
            using var folder = Folder();
            folder.Write("high-quality/structured-symlinks/val_list_jsfusion.txt", "video7022\nvideo7021\nvideo7020\n");
            folder.WriteBytes("high-quality/structured-symlinks/jsfusion_val_caption_idx.pkl", Convert.FromBase64String(pickle));

            var (items, report) = folder.Captions("msrvtt", DataSetSplit.Test);

            Assert.Equal([("video7020", "a dog runs"), ("video7021", "a man sings")], items.Select(item => (item.VideoId, Assert.Single(item.Captions))));
            Assert.Equal([("", "video-missing"), ("video7022", "caption-index")], report.First.Select(row => (row.VideoId, row.Reason)));
        }
    }

    [Theory]
    [InlineData("miech", "train_list_miech.txt", "test_list_miech.txt")]
    [InlineData("full-val", "train_list_full.txt", "val_list_full.txt")]
    [InlineData("full-test", "train_list_full.txt", "test_list_full.txt")]
    [InlineData("val", "train_list.txt", "val_list.txt")]
    [InlineData("public_server_val", "train_list.txt", "public_server_val.txt")]
    [InlineData("public_server_test", "train_list.txt", "public_server_test.txt")]
    public void Read_OfAnotherCut_TakesItsLists(string cut, string train, string test)
    {
        using var folder = Folder();
        folder.Write(Path.Combine("high-quality", "structured-symlinks", train), "video0\n");
        folder.Write(Path.Combine("high-quality", "structured-symlinks", test), "video7021");

        Assert.Equal("video0", Assert.Single(folder.Captions("msrvtt", DataSetSplit.Train, new() { Cut = cut }).Items).VideoId);
        Assert.Equal("video7021", Assert.Single(folder.Captions("msrvtt", DataSetSplit.Test, new() { Cut = cut }).Items).VideoId);
        Assert.Contains(cut, DataSetCatalog.MsrvttCuts);
    }

    [Fact]
    public void Read_OfAPickleThatWantsToRunSomething_RefusesAndRunsNothing()
    {
        using var folder = Folder();
        folder.Write("high-quality/structured-symlinks/val_list_jsfusion.txt", "video7020\n");
        // A pickle that calls os.system("touch ran") when Python opens it.
        folder.WriteBytes("high-quality/structured-symlinks/jsfusion_val_caption_idx.pkl", Encoding.Latin1.GetBytes("\u0080\u0002cposix\nsystem\nX\u0009\0\0\0touch ran\u0085R."));
        Assert.Equal("dataset-malformed", Assert.Throws<ModelFormatException>(() => folder.Captions("msrvtt", DataSetSplit.Test)).Code);
    }

    private static DataSetFolder Folder()
    {
        var folder = new DataSetFolder();
        folder.Write("annotation/MSR_VTT.json", Annotations);
        return folder;
    }
}

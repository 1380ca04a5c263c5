using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class TrainingThatTeaches : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "BestEpoch",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "BestMetrics",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "CpuSeconds",
                table: "Runs",
                type: "REAL",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Estimate",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LossTerms",
                table: "Runs",
                type: "TEXT",
                nullable: false,
                defaultValue: "both");

            migrationBuilder.AddColumn<string>(
                name: "Metrics",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "ModelParameters",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Patience",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Preparation",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Record",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "SkipsValidation",
                table: "Runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<double>(
                name: "StepWork",
                table: "Runs",
                type: "REAL",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "WallSeconds",
                table: "Runs",
                type: "REAL",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Gate",
                table: "Activations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "VideosEmbedded",
                table: "Activations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "VideosTotal",
                table: "Activations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "DatasetClips",
                columns: table => new
                {
                    Dataset = table.Column<string>(type: "TEXT", nullable: false),
                    Clip = table.Column<string>(type: "TEXT", nullable: false),
                    Split = table.Column<string>(type: "TEXT", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    VideoId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Asked = table.Column<int>(type: "INTEGER", nullable: false),
                    AskedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    NextAskAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    Regions = table.Column<string>(type: "TEXT", nullable: true),
                    FailureCode = table.Column<string>(type: "TEXT", nullable: true),
                    FailureDetail = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DatasetClips", x => new { x.Dataset, x.Clip });
                });

            migrationBuilder.CreateTable(
                name: "Datasets",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Format = table.Column<string>(type: "TEXT", nullable: false),
                    Options = table.Column<string>(type: "TEXT", nullable: false),
                    Splits = table.Column<string>(type: "TEXT", nullable: false),
                    Counts = table.Column<string>(type: "TEXT", nullable: true),
                    Unusable = table.Column<string>(type: "TEXT", nullable: false),
                    FirstUnusable = table.Column<string>(type: "TEXT", nullable: false),
                    FailureCode = table.Column<string>(type: "TEXT", nullable: true),
                    FailureDetail = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Datasets", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "Evaluations",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    Model = table.Column<string>(type: "TEXT", nullable: false),
                    Dataset = table.Column<string>(type: "TEXT", nullable: false),
                    Split = table.Column<string>(type: "TEXT", nullable: false),
                    Task = table.Column<string>(type: "TEXT", nullable: false),
                    Phase = table.Column<string>(type: "TEXT", nullable: true),
                    Done = table.Column<int>(type: "INTEGER", nullable: true),
                    Total = table.Column<int>(type: "INTEGER", nullable: true),
                    Samples = table.Column<int>(type: "INTEGER", nullable: true),
                    Missing = table.Column<int>(type: "INTEGER", nullable: true),
                    DatasetFingerprint = table.Column<string>(type: "TEXT", nullable: true),
                    Metrics = table.Column<string>(type: "TEXT", nullable: true),
                    MainMetric = table.Column<double>(type: "REAL", nullable: true),
                    FailureCode = table.Column<string>(type: "TEXT", nullable: true),
                    FailureDetail = table.Column<string>(type: "TEXT", nullable: true),
                    CancelRequested = table.Column<bool>(type: "INTEGER", nullable: false),
                    LeaseOwner = table.Column<string>(type: "TEXT", nullable: true),
                    LeaseUntil = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    Corpus = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    StartedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    EndedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Evaluations", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_Dataset_Split_Number",
                table: "DatasetClips",
                columns: new[] { "Dataset", "Split", "Number" });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_VideoId",
                table: "DatasetClips",
                column: "VideoId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_CreatedAt",
                table: "Evaluations",
                column: "CreatedAt");

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_Model",
                table: "Evaluations",
                column: "Model");

            migrationBuilder.CreateIndex(
                name: "IX_Evaluations_State_CreatedAt",
                table: "Evaluations",
                columns: new[] { "State", "CreatedAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "DatasetClips");

            migrationBuilder.DropTable(
                name: "Datasets");

            migrationBuilder.DropTable(
                name: "Evaluations");

            migrationBuilder.DropColumn(
                name: "BestEpoch",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BestMetrics",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "CpuSeconds",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Estimate",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "LossTerms",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Metrics",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "ModelParameters",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Patience",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Preparation",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Record",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "SkipsValidation",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "StepWork",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "WallSeconds",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Gate",
                table: "Activations");

            migrationBuilder.DropColumn(
                name: "VideosEmbedded",
                table: "Activations");

            migrationBuilder.DropColumn(
                name: "VideosTotal",
                table: "Activations");
        }
    }
}

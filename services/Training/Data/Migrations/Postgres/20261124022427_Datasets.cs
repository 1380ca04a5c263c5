using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Datasets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "DatasetClips",
                schema: "training",
                columns: table => new
                {
                    Dataset = table.Column<string>(type: "text", nullable: false),
                    Clip = table.Column<string>(type: "text", nullable: false),
                    Split = table.Column<string>(type: "text", nullable: false),
                    Number = table.Column<int>(type: "integer", nullable: false),
                    VideoId = table.Column<Guid>(type: "uuid", nullable: false),
                    Asked = table.Column<int>(type: "integer", nullable: false),
                    AskedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    NextAskAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    Regions = table.Column<string>(type: "text", nullable: true),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DatasetClips", x => new { x.Dataset, x.Clip });
                });

            migrationBuilder.CreateTable(
                name: "Datasets",
                schema: "training",
                columns: table => new
                {
                    Name = table.Column<string>(type: "text", nullable: false),
                    Format = table.Column<string>(type: "text", nullable: false),
                    Options = table.Column<string>(type: "text", nullable: false),
                    Splits = table.Column<string>(type: "text", nullable: false),
                    Counts = table.Column<string>(type: "text", nullable: true),
                    Unusable = table.Column<string>(type: "text", nullable: false),
                    FirstUnusable = table.Column<string>(type: "text", nullable: false),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Datasets", x => x.Name);
                });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_Dataset_Split_Number",
                schema: "training",
                table: "DatasetClips",
                columns: new[] { "Dataset", "Split", "Number" });

            migrationBuilder.CreateIndex(
                name: "IX_DatasetClips_VideoId",
                schema: "training",
                table: "DatasetClips",
                column: "VideoId",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "DatasetClips",
                schema: "training");

            migrationBuilder.DropTable(
                name: "Datasets",
                schema: "training");
        }
    }
}
